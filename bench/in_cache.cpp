// Functions of arrays that stay in the second-level cache: what the arithmetic costs, without the memory.
#include "bench/tasks.h"
#include "core/grad_mode.h"
#include "ops/ops.h"

namespace gg::bench {

void run_in_cache(const Settings& s) {
  manual_seed(1);
  const Device device = parse_device(s.device);
  const Tensor x = to(randn({256, 512}), device);
  const NoGrad off;
  auto row = [&](const char* name, auto&& fn) {
    tell(std::string(name) + ", in cache", measure(s, [&] {
           fn();
           synchronize(device);
         }));
  };
  row("add", [&] { x + x; });
  row("exp", [&] { exp(x); });
  row("tanh", [&] { tanh(x); });
  row("sigmoid", [&] { sigmoid(x); });
  row("gelu", [&] { gelu(x); });
  row("gelu_tanh", [&] { gelu_tanh(x); });
  row("softmax", [&] { softmax(x); });
}

}  // namespace gg::bench
