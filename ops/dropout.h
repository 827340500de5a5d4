// Dropout, and other noise that layers multiply or add in training. Gradients of any order draw the same noise again
// from the same random counters instead of keeping it; on every device it has the same bits. Each gives x itself where
// not `training`.
#pragma once

#include "core/generator.h"
#include "core/tensor.h"

namespace gg {

/// Elements of x become 0 with probability p (in [0, 1)), the others x / (1 − p).
Tensor dropout(const Tensor& x, double p, bool training = true, Generator& generator = default_generator());

/// Whole channels of x [N, C, ...] become 0 with probability p (in [0, 1)), each in each sample by itself, the others
/// x / (1 − p). The next three are the same and insist on a number of axes.
Tensor feature_dropout(const Tensor& x, double p, bool training = true, Generator& generator = default_generator());
/// Of x [N, C, L] (Tompson et al., arXiv:1411.4280). There is always a batch axis, in contrast to PyTorch.
Tensor dropout1d(const Tensor& x, double p, bool training = true, Generator& generator = default_generator());
/// Of images [N, C, H, W].
Tensor dropout2d(const Tensor& x, double p, bool training = true, Generator& generator = default_generator());
/// Of volumes [N, C, D, H, W].
Tensor dropout3d(const Tensor& x, double p, bool training = true, Generator& generator = default_generator());

/// x·(1 + u), u uniform in [−width, width), for each element. Width 1 is 2x times a uniform number of [0, 1): the mean
/// stays x.
Tensor uniform_dropout(const Tensor& x, double width = 1, bool training = true,
                       Generator& generator = default_generator());
/// x·(1 + std·n), n standard normal, for each element (Srivastava et al. 2014, section 10). It has the variance of
/// dropout with probability p where std = √(p / (1 − p)).
Tensor gaussian_dropout(const Tensor& x, double std, bool training = true, Generator& generator = default_generator());

/// x + std·n, n standard normal, for each element.
Tensor gaussian_noise(const Tensor& x, double std, bool training = true, Generator& generator = default_generator());

}  // namespace gg
