// Everything in data/. Read in this order: datasets, their order, the loader; then the file formats.
#pragma once

#include "data/csv.h"          // tables of numbers as text
#include "data/data_loader.h"  // batches
#include "data/dataset.h"      // what a sample is
#include "data/digits.h"       // 8 × 8 digits
#include "data/idx.h"          // MNIST's file format
#include "data/images.h"       // labelled images, Fashion-MNIST
#include "data/order.h"        // shuffling as a pure function
#include "data/safetensors.h"  // checkpoints
#include "data/text.h"         // texts with labels, characters as numbers
#include "data/two_moons.h"    // points of the plane
