// Whether results repeat bit by bit. On the CPU they always do, and on other devices all but the sums here.
#pragma once

namespace gg {

/// true: index_add and scatter_add on a device (and so the gradients of index_select, gather, embeddings and max
/// pooling) add floats in the order of the positions, as the CPU does. false: in the order in which threads come, which
/// can be several times as fast. At first true, unless the environment says GG_DETERMINISTIC=0.
bool deterministic();
void set_deterministic(bool on);

}  // namespace gg
