// The building blocks of report.h as HTML text: marked-up text, cards, pictures, tables of options.
#pragma once

#include <string>
#include <string_view>

#include "apps/common/report.h"

namespace gg::apps {

/// Escaped text with **bold**, *emphasis* and `code`. A mark without its partner is shown as it is.
std::string inline_markup(std::string_view text);

/// A card: the number, its baseline, whether it is better (in words and a sign, not by colour alone), and two bars that
/// compare the two where both are positive.
std::string number_card(const KeyNumber& number);

/// An <img> that holds the PNG; its size is read from the bytes. Throws gg::Error where they are no PNG.
std::string embedded_png(std::string_view png, std::string_view alt);

/// A table of keys and values.
std::string config_table(const Json& config);

/// The style sheet of the page.
std::string report_style();

}  // namespace gg::apps
