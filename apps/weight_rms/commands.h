// The commands of this app, each in a file named as it is.
#pragma once

#include "apps/common/app.h"

namespace gg::apps {

void add_predict(App& app);  // and simulate: predict.cpp
void add_compare(App& app);
void add_train(App& app);
void add_collapse(App& app);
void add_criterion(App& app);
void add_design(App& app);

}  // namespace gg::apps
