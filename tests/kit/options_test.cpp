// Options from JSON and the command line, and what is said when they are wrong.
#include "apps/common/options.h"

#include <gtest/gtest.h>

#include "apps/common/command_line.h"
#include "apps/common/help.h"
#include "tests/errors.h"
#include "tests/temp_dir.h"

namespace gg::apps {
namespace {

struct TrainOptions {
  std::int64_t epochs = 10;
  int batch = 128;
  double lr = 1e-3;
  double decay = 0;
  bool augment = true;
  std::string variant = "conv";
  std::string title;
  std::vector<std::int64_t> widths = {512, 256};
  std::vector<double> betas = {0.9, 0.999};
  std::vector<std::string> sets = {"train"};

  void declare(OptionSet& options) {
    options.group("Training");
    options.add("epochs", epochs, "passes over the images").range(1, 1000).quick(1);
    options.add("batch", batch, "images per step").at_least(1);
    options.add("lr", lr, "peak learning rate").above(0).example("--lr 3e-4");
    options.add("decay", decay, "weight decay").range(0, 1);
    options.add("augment", augment, "mirror images");
    options.group("Network");
    options.add("variant", variant, "kind of network").choices({"conv", "mlp", "residual"});
    options.add("title", title, "a name for the report");
    options.add("code_widths", widths, "widths of the layers").range(1, 4096);
    options.add("betas", betas, "Adam's two").range(0, 1);
    options.add("sets", sets, "which parts").choices({"train", "test"}).not_empty();
  }
};

struct Fixture {
  OptionSet set;
  TrainOptions train;
  StandardOptions standard;
  Fixture() {
    train.declare(set);
    standard.declare(set);
  }
  void parse(const std::vector<std::string>& words) { parse_arguments("ae", "train", words, set, standard); }
  std::string refusal(const std::vector<std::string>& words) {
    return message_of<UsageError>([&] { parse(words); });
  }
  std::string json_refusal(const std::string& text) {
    return message_of<UsageError>([&] { set.apply(parse_json(text, "c.json"), "c.json"); });
  }
};

TEST(Options, CommandLineSetsEveryType) {
  Fixture f;
  f.parse({"--epochs", "3", "--batch=64", "--lr", "1e-2", "--no-augment", "--variant", "mlp", "--code-widths",
           "8,16,32", "--betas", "0.5,0.9", "--sets", "train,test", "--title", "a, b", "--decay", "0.5"});
  EXPECT_EQ(f.train.epochs, 3);
  EXPECT_EQ(f.train.batch, 64);
  EXPECT_EQ(f.train.lr, 1e-2);
  EXPECT_FALSE(f.train.augment);
  EXPECT_EQ(f.train.variant, "mlp");
  EXPECT_EQ(f.train.title, "a, b");
  EXPECT_EQ(f.train.widths, (std::vector<std::int64_t>{8, 16, 32}));
  EXPECT_EQ(f.train.betas, (std::vector<double>{0.5, 0.9}));
  EXPECT_EQ(f.train.sets, (std::vector<std::string>{"train", "test"}));
}

TEST(Options, BothSpellingsFlagsAndEmptyLists) {
  Fixture f;
  f.parse({"--code_widths", "", "--augment=false", "--epochs", "1e2"});
  EXPECT_TRUE(f.train.widths.empty());
  EXPECT_FALSE(f.train.augment);
  EXPECT_EQ(f.train.epochs, 100);
  EXPECT_HAS(Fixture().refusal({"--sets", ""}), "--sets: expected a list");
  EXPECT_HAS(Fixture().json_refusal(R"({"sets": []})"), "\"sets\": expected a list");
}

TEST(Options, WrongValuesOnTheCommandLineNameKeyExpectedAndGot) {
  EXPECT_EQ(Fixture().refusal({"--epochs", "many"}),
            "--epochs: expected a whole number between 1 and 1000, got \"many\"");
  EXPECT_EQ(Fixture().refusal({"--epochs", "3.5"}),
            "--epochs: expected a whole number between 1 and 1000, got \"3.5\"");
  EXPECT_EQ(Fixture().refusal({"--epochs", "0"}), "--epochs: expected a whole number between 1 and 1000, got \"0\"");
  EXPECT_EQ(Fixture().refusal({"--lr", "nan"}), "--lr: expected a number above 0, got \"nan\"");
  EXPECT_EQ(Fixture().refusal({"--lr", "inf"}), "--lr: expected a number above 0, got \"inf\"");
  EXPECT_EQ(Fixture().refusal({"--lr", "0"}), "--lr: expected a number above 0, got \"0\"");
  EXPECT_EQ(Fixture().refusal({"--lr", "-1"}), "--lr: expected a number above 0, got \"-1\"");
  EXPECT_EQ(Fixture().refusal({"--lr", "1e999"}), "--lr: expected a number above 0, got \"1e999\"");
  EXPECT_EQ(Fixture().refusal({"--lr", "1e-3x"}), "--lr: expected a number above 0, got \"1e-3x\"");
  EXPECT_EQ(Fixture().refusal({"--batch", "99999999999"}),
            "--batch: expected a whole number of at least 1, got \"99999999999\"");
  EXPECT_HAS(Fixture().refusal({"--variant", "conf"}),
             "expected conv, mlp or residual, got \"conf\". Did you mean conv?");
  EXPECT_HAS(Fixture().refusal({"--code-widths", "8,x"}), "a list of whole numbers between 1 and 4096, got \"8,x\"");
  EXPECT_HAS(Fixture().refusal({"--code-widths", "8,"}), "got \"8,\"");
  EXPECT_HAS(Fixture().refusal({"--augment=perhaps"}), "--augment");
  EXPECT_HAS(Fixture().refusal({"--title", "\xff"}), "UTF-8");
  EXPECT_HAS(Fixture().refusal({"--epochs"}), "--epochs: a value is missing; expected a whole number");
}

TEST(Options, UnknownOptionsOfferTheNearest) {
  EXPECT_HAS(Fixture().refusal({"--epoch", "3"}), "unknown option \"--epoch\". Did you mean --epochs?");
  EXPECT_HAS(Fixture().refusal({"--code-width=3"}), "unknown option \"--code-width\". Did you mean --code-widths?");
  EXPECT_HAS(Fixture().refusal({"--temperature", "3"}), "--help lists the options");
  EXPECT_HAS(Fixture().refusal({"stray"}), "\"stray\"");
  EXPECT_HAS(Fixture().refusal({"-x"}), "\"-x\"");
  EXPECT_HAS(Fixture().refusal({"--lr", "1", "--lr", "2"}), "--lr: given 2 times");
}

TEST(Options, AFailedValueLeavesTheVariable) {
  Fixture f;
  f.refusal({"--lr", "fast"});
  EXPECT_EQ(f.train.lr, 1e-3);
}

TEST(Options, ARangeThatBeginsAtAnExcludedLimitKeepsItExcluded) {
  double x = 1, y = 1;
  OptionSet options;
  options.add("x", x, "a number").above(0).range(0, 10);
  options.add("y", y, "a number").above(0).range(-1, 10);
  EXPECT_THROW(options.find("x")->set(0.0, "x"), UsageError);
  EXPECT_THROW(options.find("x")->set(11.0, "x"), UsageError);
  options.find("x")->set(1e-9, "x");
  options.find("y")->set(-1.0, "y");
  EXPECT_EQ(y, -1);
}

struct ShapeOptions {
  std::string shape = "round";
  double radius = 0.5, side = 1;
  void declare(OptionSet& options) {
    options.add("shape", shape, "what it looks like").choices({"round", "square", "flat"});
    options.add("radius", radius, "half its width").range(0, 9).only_with("shape", {"round"});
    options.add("side", side, "its width").only_with("shape", {"square", "flat"});
  }
};

TEST(Options, WhatHasNoMeaningBesideTheOthersIsRefused) {
  const auto refusal = [](const std::vector<std::string>& words) {
    OptionSet set;
    ShapeOptions shape;
    StandardOptions standard;
    shape.declare(set);
    standard.declare(set);
    try {
      parse_arguments("ae", "train", words, set, standard);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(refusal({"--radius", "2"}), "");
  EXPECT_EQ(refusal({"--shape", "flat", "--side", "2"}), "");
  EXPECT_EQ(refusal({"--shape", "flat"}), "");
  EXPECT_EQ(refusal({"--side", "2"}), "--side: it has no meaning with --shape round; it goes with square or flat");
  EXPECT_EQ(refusal({"--shape", "square", "--radius", "0.5"}),
            "--radius: it has no meaning with --shape square; it goes with round");
  // A file has all options: what is as declared there, or set back to that, is not meant.
  TempDir dir;
  const std::string file = (dir / "c.json").string();
  spill(file, R"({"shape": "round", "radius": 2, "side": 1})");
  EXPECT_EQ(refusal({"--config", file}), "");
  EXPECT_HAS(refusal({"--config", file, "--shape", "flat"}), "--radius: it has no meaning with --shape flat");
  EXPECT_EQ(refusal({"--config", file, "--shape", "flat", "--radius", "0.5"}), "");
}

TEST(Options, WhatACommandLacksIsRefusedWithAReason) {
  Fixture f;
  f.set.remove("device", "train runs on the CPU only");
  EXPECT_EQ(f.refusal({"--device", "cuda"}), "--device: train runs on the CPU only");
  EXPECT_EQ(f.refusal({"--device=cuda"}), "--device: train runs on the CPU only");
  EXPECT_EQ(f.json_refusal(R"({"device": "cpu"})"), "c.json: \"device\": train runs on the CPU only");
  EXPECT_FALSE(f.set.values().contains("device"));
  f.parse({"--seed", "3"});
  EXPECT_EQ(f.standard.seed, 3);
  EXPECT_HAS(message_of([&] { f.set.remove("device", ""); }), "not declared");
}

TEST(Options, JsonSetsEveryType) {
  Fixture f;
  f.set.apply(parse_json(R"({"epochs": 4, "lr": 1, "augment": false, "variant": "residual", "code_widths": [1, 2],
                             "betas": [], "batch": 3.0})",
                         "c.json"),
              "c.json");
  EXPECT_EQ(f.train.epochs, 4);
  EXPECT_EQ(f.train.lr, 1);
  EXPECT_FALSE(f.train.augment);
  EXPECT_EQ(f.train.batch, 3);
  EXPECT_EQ(f.train.variant, "residual");
  EXPECT_EQ(f.train.widths, (std::vector<std::int64_t>{1, 2}));
  EXPECT_TRUE(f.train.betas.empty());
}

TEST(Options, WrongJsonNamesKeyExpectedAndGot) {
  EXPECT_EQ(Fixture().json_refusal(R"({"lr": "0.1"})"),
            "c.json: \"lr\": expected a number above 0, got the string \"0.1\"");
  EXPECT_EQ(Fixture().json_refusal(R"({"epochs": 3.5})"),
            "c.json: \"epochs\": expected a whole number between 1 and 1000, got 3.5");
  EXPECT_HAS(Fixture().json_refusal(R"({"epochs": true})"), "got true");
  EXPECT_HAS(Fixture().json_refusal(R"({"epochs": null})"), "got null");
  EXPECT_HAS(Fixture().json_refusal(R"({"augment": 1})"), "expected true or false, got 1");
  EXPECT_HAS(Fixture().json_refusal(R"({"code_widths": 3})"), "a list of whole numbers between 1 and 4096, got 3");
  EXPECT_HAS(Fixture().json_refusal(R"({"code_widths": [3, "x"]})"), "got the list [3,\"x\"]");
  EXPECT_HAS(Fixture().json_refusal(R"({"variant": {}})"), "got an object");
  EXPECT_HAS(Fixture().json_refusal(R"({"title": "a\u0000b"})"), "zero byte");
  EXPECT_HAS(Fixture().json_refusal(R"({"epoch": 3})"), "c.json: unknown key \"epoch\". Did you mean \"epochs\"?");
  EXPECT_HAS(Fixture().json_refusal(R"({"code-widths": [3]})"), "Did you mean \"code_widths\"?");
  EXPECT_HAS(Fixture().json_refusal(R"({"resume": "x"})"), "belongs on the command line (--resume)");
  EXPECT_HAS(Fixture().json_refusal("[1]"), "expected an object of options");
}

TEST(Json, SyntaxErrorsHaveAPosition) {
  const auto refusal = [](const std::string& text) { return message_of([&] { parse_json(text, "c.json"); }); };
  EXPECT_HAS(refusal("{\n  \"lr\": NaN\n}"), "c.json: not valid JSON at line 2, column 9");
  EXPECT_HAS(refusal("{\"a\": 1,}"), "line 1");
  EXPECT_HAS(refusal(""), "not valid JSON");
  EXPECT_HAS(refusal("{\"a\": 1} x"), "not valid JSON");
  EXPECT_HAS(refusal("{\"a\": \"\xff\"}"), "not valid JSON");
  EXPECT_HAS(refusal("{\"a\": 1e999}"), "too large for a double");
  EXPECT_HAS(refusal(R"({"a": 1, "b": 2, "a": 3})"), "the key \"a\" stands twice");
  EXPECT_HAS(refusal(R"({"a": {"x": 1, "x": 1}})"), "the key \"x\" stands twice");
  EXPECT_HAS(refusal(std::string(100000, '[')), "levels deep");
  // The same key in two objects is no duplicate.
  EXPECT_EQ(parse_json(R"([{"a": 1}, {"a": 2}])", "c.json").size(), 2u);
}

TEST(Options, LaterSourcesWin) {
  TempDir dir;
  spill(dir / "c.json", R"({"app": "ae", "command": "train", "batch": 7, "lr": 0.5})");
  Fixture f;
  f.parse({"--lr", "0.25", "--quick", "--config", (dir / "c.json").string()});
  EXPECT_EQ(f.train.epochs, 1);  // --quick
  EXPECT_EQ(f.train.batch, 7);   // file
  EXPECT_EQ(f.train.lr, 0.25);   // command line over file

  spill(dir / "q.json", R"({"quick": true, "batch": 9})");
  Fixture g;
  g.parse({"--config", (dir / "q.json").string()});
  EXPECT_EQ(g.train.epochs, 1);
  Fixture h;
  h.parse({"--config", (dir / "q.json").string(), "--no-quick"});
  EXPECT_EQ(h.train.epochs, 10);
}

TEST(Options, ConfigFilesOfOthersAreRefused) {
  TempDir dir;
  const std::string file = (dir / "c.json").string();
  spill(file, R"({"app": "gans"})");
  EXPECT_HAS(Fixture().refusal({"--config", file}), "is for the app the string \"gans\"");
  EXPECT_HAS(Fixture().refusal({"--config", (dir / "none.json").string()}), "No such file");
  EXPECT_HAS(Fixture().refusal({"--config", dir.path().string()}), "cannot read");
  EXPECT_HAS(Fixture().refusal({"--config", ""}), "--config");
  spill(file, "{\"lr\": 1,, }");
  EXPECT_HAS(Fixture().refusal({"--config", file}), "not valid JSON");
}

TEST(Options, DumpReadsBackTheSame) {
  Fixture f;
  f.parse({"--lr", "0.1", "--seed", "9007199254740992", "--code-widths", "3", "--out", "/elsewhere"});
  const Json dumped = f.set.values();
  EXPECT_FALSE(dumped.contains("out"));
  EXPECT_FALSE(dumped.contains("resume"));
  Fixture g;
  g.set.apply(parse_json(json_text(dumped, 2), "c.json"), "c.json");
  EXPECT_EQ(g.set.values(), dumped);
  EXPECT_EQ(g.standard.seed, 9007199254740992);
}

TEST(Options, AResumedRunKeepsItsOptions) {
  TempDir dir;
  spill(dir / "config.json", R"({"app": "ae", "command": "train", "lr": 0.5, "threads": 1})");
  const std::string run = dir.path().string();
  Fixture f;
  f.parse({"--resume", run, "--threads", "2", "--lr", "0.5"});
  EXPECT_EQ(f.train.lr, 0.5);
  EXPECT_EQ(f.standard.threads, 2);
  EXPECT_HAS(Fixture().refusal({"--resume", run, "--lr", "0.1"}), "--lr: the run in");
  EXPECT_HAS(Fixture().refusal({"--resume", run, "--quick"}), "--quick");
  EXPECT_HAS(Fixture().refusal({"--resume", run, "--out", "x"}), "--out and --resume");
  EXPECT_HAS(Fixture().refusal({"--resume", run, "--config", "x"}), "--config and --resume");
  EXPECT_HAS(Fixture().refusal({"--resume", (dir / "none").string()}), "No such file");
}

TEST(Options, BadDeclarationsAreFound) {
  OptionSet set;
  int value = 0;
  set.add("steps", value, "");
  EXPECT_HAS(message_of([&] { set.add("steps", value, ""); }), "twice");
  EXPECT_HAS(message_of([&] { set.add("Bad-Name", value, ""); }), "snake_case");
}

TEST(Help, ShowsGroupsDefaultsRangesAndExamples) {
  Fixture f;
  Terminal terminal;
  terminal.width = 80;
  const CommandHelp command{"ae train", "trains", "First paragraph.\n\nSecond one.", {"--quick # see that it works"}};
  const std::string help = command_help(command, f.set, terminal);
  // Lines may break anywhere between words.
  std::string words;
  std::istringstream stream(help);
  for (std::string word; stream >> word;) words += word + " ";
  for (const char* part : {" Training ", " Network ", " Every app takes ", "--code-widths A,B,...", "default 10",
                           "quick 1", "[1 to 1000; default 10; quick 1]", "[above 0; default 0.001]", "--[no-]augment",
                           "e.g. --lr 3e-4", "conv, mlp or residual", "ae train --quick # see", "Second one."}) {
    EXPECT_HAS(words, part);
  }
  EXPECT_HAS_NOT(help, "\x1b");
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 82u) << line;
}

TEST(Help, SaysWhatAnOptionGoesWith) {
  OptionSet set;
  ShapeOptions shape;
  shape.declare(set);
  Terminal terminal;
  terminal.width = 110;
  const std::string help = command_help({"draw", "draws", "", {}}, set, terminal);
  EXPECT_HAS(help, "half its width [0 to 9; with --shape round; default 0.5]");
  EXPECT_HAS(help, "[with --shape square or flat; default 1]");
}

TEST(Help, WinsOverEverythingElse) {
  Fixture f;
  EXPECT_TRUE(parse_arguments("ae", "train", {"--help"}, f.set, f.standard).help);
  EXPECT_TRUE(parse_arguments("ae", "train", {"-h"}, f.set, f.standard).help);
}

}  // namespace
}  // namespace gg::apps
