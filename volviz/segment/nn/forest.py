"""A random forest (Breiman 2001): fitted by scikit-learn, kept as plain tensors, run by scikit-learn on a CPU and by torch on CUDA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from volviz.core.report import Report, silent

_LEAF = -1
_AT_ONCE = 4  # trees
# Voxels that go down the trees at a time: those of a CPU's cache, and those whose rows of votes fit beside a picture on a GPU.
_ON_CPU, _ON_GPU = 2**14, 2**19


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees one after another in five tensors, of which `state` makes a file.

    Attributes:
        feature: (node,) int32, what a node asks for; -1 where it is a leaf.
        threshold: (node,) float32. Left is where the feature is at most this.
        left, right: (node,) int32, indices of nodes of all trees.
        votes: (node, class) float32: at a leaf, which share of what was learnt from there is of which class.
        roots: (tree,) int32.
        importance: (channel,) float32, how much purer each feature made the classes, in all trees; sums to one.
    """

    feature: Tensor
    threshold: Tensor
    left: Tensor
    right: Tensor
    votes: Tensor
    roots: Tensor
    importance: Tensor
    _placed: dict[torch.device, Forest] = field(default_factory=dict, repr=False)

    @classmethod
    def fit(
        cls,
        samples: npt.NDArray[np.float32],
        labels: npt.NDArray[np.integer[Any]],
        classes: int,
        *,
        trees: int = 100,
        depth: int = 20,
        leaf: int = 1,
        balance: float = 1.0,
        seed: int = 0,
        report: Report = silent,
    ) -> Forest:
        """Learn from samples (voxel, channel) and their classes (voxel,), 0 to ``classes`` - 1.

        With ``balance`` 1 all classes weigh the same, with 0 all samples do. A class of which there is no sample gets no vote. Trees
        grow a few at a time, and ``report`` hears of them in between; they are the same as if all grew at once.
        """
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.utils.class_weight import compute_sample_weight

        threads = torch.get_num_threads()
        learnt = RandomForestClassifier(max_depth=depth, min_samples_leaf=leaf, random_state=seed, n_jobs=threads, warm_start=True)
        weights = compute_sample_weight("balanced", labels) ** balance
        for grown in range(0, trees, max(_AT_ONCE, threads)):
            report(grown / trees, "growing trees")
            learnt.n_estimators = min(trees, grown + max(_AT_ONCE, threads))
            learnt.fit(samples, labels, weights)
        parts: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in ("feature", "threshold", "left", "right", "votes")}
        roots, at = [], 0
        for estimator in learnt.estimators_:
            tree = estimator.tree_
            leaf_here = tree.children_left == _LEAF
            votes = np.zeros((tree.node_count, classes), np.float32)
            votes[:, learnt.classes_] = tree.value[:, 0] / tree.value[:, 0].sum(axis=1, keepdims=True)
            parts["feature"].append(np.where(leaf_here, _LEAF, tree.feature))
            parts["threshold"].append(_at_most(tree.threshold))
            parts["left"].append(np.where(leaf_here, _LEAF, tree.children_left + at))
            parts["right"].append(np.where(leaf_here, _LEAF, tree.children_right + at))
            parts["votes"].append(votes)
            roots.append(at)
            at += tree.node_count
        whole: dict[str, Any] = {name: torch.from_numpy(np.concatenate(given)) for name, given in parts.items()}
        integers = {name: whole[name].to(torch.int32) for name in ("feature", "left", "right")}
        importance = torch.from_numpy(learnt.feature_importances_.astype(np.float32))
        return cls(**{**whole, **integers}, roots=torch.tensor(roots, dtype=torch.int32), importance=importance)

    @classmethod
    def of_state(cls, state: Mapping[str, Tensor]) -> Forest:
        """Return what `state` described.

        Raises:
            ValueError: a tensor is missing, or they do not make trees.
        """
        try:
            tensors: dict[str, Any] = {name: state[name] for name in _TENSORS}
        except KeyError as error:
            raise ValueError(f"the forest has no {error}") from error
        forest = cls(**tensors)
        forest._check()
        return forest

    def state(self) -> dict[str, Tensor]:
        """Return the tensors, for a file."""
        return {name: getattr(self, name) for name in _TENSORS}

    @property
    def classes(self) -> int:
        """How many classes it tells apart."""
        return int(self.votes.shape[1])

    @property
    def channels(self) -> int:
        """How many features it wants to know of a voxel."""
        return int(self.importance.shape[0])

    def first(self, trees: int) -> Forest:
        """Return the forest of the first so many trees: coarser votes, in less time."""
        if trees >= len(self.roots):
            return self
        end = int(self.roots[trees])
        nodes: dict[str, Any] = {name: getattr(self, name)[:end] for name in ("feature", "threshold", "left", "right", "votes")}
        return Forest(**nodes, roots=self.roots[:trees], importance=self.importance)

    def predict(self, features: Tensor) -> Tensor:
        """Return the share of votes (class, voxel) for features (channel, voxel), float32, on the features' device."""
        return self._on_cpu(features) if features.device.type == "cpu" else self.descend(features)

    def descend(self, features: Tensor) -> Tensor:
        """Return what `predict` does, all trees abreast in torch."""
        here = self._on(features.device)
        out = features.new_empty((self.classes, features.shape[1]))
        for start in range(0, features.shape[1], _ON_GPU):
            part = features[:, start : start + _ON_GPU].contiguous()
            voxel = torch.arange(part.shape[1], device=part.device)
            total = part.new_zeros((part.shape[1], self.classes), dtype=torch.float64)
            for root in here.roots.tolist():
                node = torch.full_like(voxel, root)
                inside = here.feature[node] != _LEAF
                while bool(inside.any()):
                    asked = here.feature[node].clamp_min(0).long()
                    on_the_left = part[asked, voxel] <= here.threshold[node]
                    node = torch.where(inside, torch.where(on_the_left, here.left[node], here.right[node]).long(), node)
                    inside = here.feature[node] != _LEAF
                total += here.votes[node]
            out[:, start : start + _ON_GPU] = (total / len(here.roots)).T
        return out

    def _on(self, device: torch.device) -> Forest:
        if device not in self._placed:
            tensors: dict[str, Any] = {name: tensor.to(device) for name, tensor in self.state().items()}
            self._placed[device] = Forest(**tensors)
        return self._placed[device]

    def _on_cpu(self, features: Tensor) -> Tensor:
        """Let scikit-learn's compiled trees vote: several times faster there than steps of torch, each of which reads all voxels."""
        rows = features.T.contiguous().numpy()
        out = np.zeros((len(rows), self.classes))

        def vote(start: int) -> None:
            part = slice(start, start + _ON_CPU)
            for tree in self._trees:
                out[part] += tree.predict(rows[part]).reshape(-1, self.classes)

        with ThreadPoolExecutor(torch.get_num_threads()) as workers:
            for _ in workers.map(vote, range(0, len(rows), _ON_CPU)):
                pass
        return torch.from_numpy((out / len(self.roots)).astype(np.float32)).T

    @cached_property
    def _trees(self) -> Sequence[Any]:
        """scikit-learn's trees, built from the tensors: reading them from a file needs no pickle."""
        from sklearn.tree._tree import NODE_DTYPE, Tree

        ends = [*self.roots.tolist()[1:], len(self.feature)]
        trees = []
        for start, end in zip(self.roots.tolist(), ends, strict=True):
            part = slice(start, end)
            nodes = np.zeros(end - start, NODE_DTYPE)
            feature = self.feature[part].numpy()
            inside = feature != _LEAF
            nodes["left_child"] = np.where(inside, self.left[part].numpy() - start, _LEAF)
            nodes["right_child"] = np.where(inside, self.right[part].numpy() - start, _LEAF)
            nodes["feature"] = np.where(inside, feature, -2)  # what scikit-learn writes in a leaf
            nodes["threshold"] = self.threshold[part].numpy()
            values = self.votes[part].numpy().astype(np.float64)[:, None]
            tree = Tree(self.channels, np.array([self.classes], np.intp), 1)
            tree.__setstate__({"max_depth": 0, "node_count": len(nodes), "nodes": nodes, "values": np.ascontiguousarray(values)})
            trees.append(tree)
        return trees

    def _check(self) -> None:
        """Refuse tensors from a file with which a walk down the trees would not end, or leave them."""
        nodes, index = len(self.feature), torch.arange(len(self.feature))
        same = all(len(t) == nodes for t in (self.threshold, self.left, self.right, self.votes)) and self.votes.ndim == 2
        if not same or not len(self.roots) or not nodes:
            raise ValueError("its tensors do not belong together")
        inside = self.feature != _LEAF
        ends = torch.cat([self.roots[1:].long(), torch.tensor([nodes])])
        if bool((self.roots[0] != 0) | (ends <= self.roots).any()):
            raise ValueError("its roots are in no order")
        end = ends.repeat_interleave(ends - self.roots.long())
        for child in (self.left, self.right):
            if bool(((child <= index) | (child >= end))[inside].any()):
                raise ValueError("a branch leads nowhere")
        if bool(((self.feature < _LEAF) | (self.feature >= self.channels)).any()):
            raise ValueError("it asks for features that there are not")


_TENSORS = ("feature", "threshold", "left", "right", "votes", "roots", "importance")


def _at_most(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return the largest float32 that are at most the thresholds: a feature of float32 falls on the same side of them."""
    near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)
