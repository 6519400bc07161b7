// Local ambient occlusion in extinction. B is the ball of radius R around x + OCCLUSION_SHIFT R l, shifted towards the
// light's side l, and A(x) = exp(-OCCLUSION_DENSITY R <sigma>_B): in a pit the ball is full, on a ridge it is nearly
// empty. Without the shift a flat lit surface would already count as half occluded.
const float OCCLUSION_SHIFT = 0.6;
const float OCCLUSION_DENSITY = 0.4;
