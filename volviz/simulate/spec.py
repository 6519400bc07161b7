"""What a simulated tomogram is made of: plain numbers, so that a file can carry the recipe of its contents."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from volviz.core.errors import VolvizError
from volviz.core.grid import Shape

Range = tuple[float, float]
SpikeKind = Literal["closed", "open", "club", "rod", "mixed"]
Core = Literal["rnp", "filament", "cone", "dense", "empty"]
Scheme = Literal["dose-symmetric", "bidirectional", "continuous"]
Correction = Literal["none", "flip", "wiener"]
Filter = Literal["ramp", "hamming", "sirt"]


@dataclass(frozen=True, slots=True)
class Spec:
    """The recipe of one tomogram. Every object of a kind draws its own value from a (low, high) range.

    Lengths are in angstrom, angles in degrees, defocus in micrometres of underfocus, exposure in electrons per square
    angstrom. Densities are relative to protein (1) over vitreous ice (0). The defaults give a clear sample.
    """

    shape: Shape = (96, 256, 256)
    """Voxels (z, y, x)."""
    voxel_size: float = 10.0
    """Edge of a voxel."""
    seed: int = 1
    """Another seed, another tomogram of the same kind."""

    virions: int = 4
    """Envelopes with spikes."""
    radius: Range = (400.0, 480.0)
    """Of the bilayer's mid-surface."""
    elongation: float = 0.12
    """Half-axes differ from the radius by up to this fraction."""
    bumps: float = 0.04
    """Height of the smooth bumps over the radius."""
    filamentous: float = 0.0
    """Chance that a virion is a bent filament."""
    aspect: Range = (2.0, 4.0)
    """Length of filaments over their width."""
    broken: float = 0.0
    """Chance that an envelope has a hole."""
    clearance: Range = (60.0, 260.0)
    """Distance between neighbouring envelopes: the lower end is the least allowed, the upper one is tried first."""
    touching: float = 0.0
    """Chance that an envelope lies against one that is there already."""
    cut: float = 0.0
    """How far an object may hang over the border: 0 not at all, 1 up to its middle."""

    leaflet_spacing: Range = (38.0, 44.0)
    """Distance between the middles of the two leaflets."""
    leaflet_width: float = 7.0
    """Standard deviation of one leaflet's density."""
    membrane_contrast: Range = (0.75, 0.95)
    """Peak density of a leaflet."""
    membrane_grain: float = 0.22
    """Relative variation of the membrane's density along its surface."""
    grain_size: float = 14.0
    """Correlation length of all grain, as a standard deviation."""
    membrane_protein: float = 0.3
    """Density of a blurred layer of protein on both faces of the bilayer."""
    membrane_patches: float = 0.0
    """Relative slow variation of the membrane's density: some stretches are strong, others nearly gone."""
    matrix: float = 0.0
    """Density of a layer of protein under a virion's membrane."""
    matrix_depth: Range = (50.0, 70.0)
    """Distance of that layer from the bilayer's mid-surface."""
    peripheral: float = 0.0
    """Small proteins on both faces of envelopes, per square of 100 nm. They belong to no class of their own."""

    spikes: tuple[int, int] = (28, 42)
    """Fewest and most on a virion."""
    spike_kind: SpikeKind = "open"
    """Closed or open trimeric heads on a stalk, clubs, rods without a head, or all of them mixed."""
    spike_length: Range = (210.0, 240.0)
    """Head and stalk together."""
    spike_width: float = 1.0
    """Scale of heads and stalks across their axis."""
    spike_tilt: Range = (25.0, 15.0)
    """Mean and standard deviation of the angle to the membrane's normal."""
    spike_clustering: float = 0.0
    """0 evenly spread, 1 all on one side."""
    spike_contrast: float = 2.0
    """Peak density of a spike."""
    spike_densities: tuple[str, ...] = ()
    """Files of an ectodomain to take heads from, instead of the drawn ones: atomic models (PDB) or density maps, dense is bright."""

    core: Core = "rnp"
    """What a virion holds: separate ribonucleoproteins, a string of them, a walled cone, a dense ball, or nothing."""
    rnp: tuple[int, int] = (20, 34)
    """Fewest and most ribonucleoproteins in a virion."""
    core_contrast: float = 0.7
    """Peak density of what a virion holds."""
    lumen_density: float = 0.12
    """Density of the fluid in virions over that outside; may be negative."""

    vesicles: int = 1
    """Bald envelopes."""
    vesicle_radius: Range = (220.0, 380.0)
    """Of the bilayer's mid-surface."""
    vesicle_filling: float = 0.05
    """Density of the fluid in vesicles over that outside; may be negative."""
    vesicle_contents: float = 0.0
    """Proteins inside vesicles per cube of 100 nm."""
    nested: float = 0.0
    """Chance that a vesicle holds another."""
    nearby: float = 0.0
    """Proteins as large as a spike's head that hover near vesicles and do not stand on them, per square of 100 nm."""

    debris: float = 6.0
    """Free proteins per cube of 100 nm: 5 is a clean preparation, 300 a cytoplasm."""
    debris_size: Range = (40.0, 110.0)
    """Diameter of free proteins."""
    debris_contrast: float = 1.0
    """Peak density of free proteins."""
    debris_densities: tuple[str, ...] = ()
    """Files of proteins, atomic models or density maps, that make up half of the free ones and of what fills vesicles."""
    free_spikes: int = 4
    """Spikes that came off; background to the labels."""
    filaments: int = 0
    """Long bent strands of protein."""
    gold: int = 0
    """Gold beads."""
    gold_radius: float = 50.0
    """Of the beads, more or less."""
    carbon: float = 0.0
    """Fraction of the field that a carbon film covers."""
    ice_texture: float = 0.05
    """Standard deviation of the ice's fine uneven density."""
    ice_gradient: float = 0.3
    """Strength of slow thickness changes over the field."""
    ice_thickness: float = 1500.0
    """Everything lies in a film of this thickness; where it is less than the field's depth, the rest is empty."""
    adsorbed: float = 0.0
    """Proteins on the two surfaces of the film, per square of 100 nm."""
    contamination: int = 0
    """Ice crystals and dirt on the two surfaces of the film."""

    tilt_range: Range = (-60.0, 60.0)
    """First and last tilt."""
    tilt_step: float = 3.0
    """Between neighbouring tilts."""
    tilt_axis: float = 0.0
    """Angle of the tilt axis from y towards x."""
    scheme: Scheme = "dose-symmetric"
    """The order of the tilts, which decides which of them the beam has damaged most."""
    exposure: float = 120.0
    """Of the whole series."""
    defocus: float = 4.0
    """Of the series."""
    defocus_error: float = 0.05
    """Standard deviation of one image's defocus."""
    amplitude_contrast: float = 0.1
    """Part of the contrast that is there without any defocus."""
    correction: Correction = "flip"
    """What was done about the contrast transfer: nothing, phases flipped, or a Wiener filter."""
    snr: float = 1.0
    """Variance of the specimen's signal over the noise's, over all images of the tilt series (gold and carbon left out)."""
    noise_falloff: float = 0.0
    """0 white noise; otherwise a Gaussian fall to exp(-falloff) of the amplitude at the Nyquist frequency."""
    misalignment: float = 0.3
    """Standard deviation of the images' residual shifts, in voxels."""

    filter: Filter = "hamming"
    """Weighting before back-projection: a ramp, a ramp with a Hamming window, or one that imitates SIRT."""
    iterations: int = 12
    """What the SIRT-like filter imitates."""
    filter_floor: float = 0.0
    """Weight of the lowest frequencies over that of the Nyquist frequency, for programs that keep some of the slow background."""
    lowpass: float = 0.0
    """Resolution at which a Gaussian halves the amplitude; 0 for none."""
    diffusion: int = 0
    """Iterations of edge-preserving denoising."""
    dark: bool = True
    """Dense is dark, as microscopes record it."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, list):  # JSON knows no tuples
                object.__setattr__(self, name, tuple(value))
        z, y, x = (int(n) for n in self.shape)
        object.__setattr__(self, "shape", (z, y, x))
        if min(self.shape) < 8:
            raise VolvizError(f"A simulated tomogram needs at least 8 voxels along every axis, not {z} {y} {x}: ask for a larger shape.")
        check_seed(self.seed)
        if not (math.isfinite(self.voxel_size) and 1 <= self.voxel_size <= 60):
            raise VolvizError(f"A voxel size of {self.voxel_size:g} A cannot be simulated: choose one between 1 and 60 A.")
        if not (math.isfinite(self.snr) and self.snr > 0):
            raise VolvizError(f"A signal-to-noise ratio of {self.snr:g} makes no picture: choose one above zero, such as 0.5.")
        if min(self.virions, self.vesicles, self.free_spikes, self.gold, self.filaments, self.contamination, *self.spikes, *self.rnp) < 0:
            raise VolvizError("A tomogram cannot hold a negative number of objects: give zero or more.")
        if min(self.debris, self.vesicle_contents, self.peripheral, self.nearby, self.adsorbed) < 0:
            raise VolvizError("Proteins cannot be fewer than none: give a number of zero or more per square or cube of 100 nm.")
        low, high = self.tilt_range
        if not (-90 < low < high < 90 and self.tilt_step > 0):
            raise VolvizError(f"Tilts from {low:g} to {high:g} in steps of {self.tilt_step:g} degrees are not possible: stay within 90.")

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain values; `Spec(**...)` of them gives the same recipe."""
        return asdict(self)


def check_seed(seed: int) -> None:
    """Refuse what no random numbers start from.

    Raises:
        VolvizError: it is negative.
    """
    if seed < 0:
        raise VolvizError(f"A seed is a whole number from 0, not {seed}.")
