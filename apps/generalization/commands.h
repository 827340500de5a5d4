// The commands of this app. Each is a part of the story in a file of its own, named as the command is.
#pragma once

#include "apps/common/app.h"

namespace gg::apps {

void add_theory(App& app);
void add_noise(App& app);
void add_penalty(App& app);
void add_laplacian(App& app);
void add_fgm(App& app);
void add_vat(App& app);
void add_vat_text(App& app);

}  // namespace gg::apps
