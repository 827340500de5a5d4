// How large do weights become under AdamW? Predictions of their root mean square, RMS(θ) = ‖θ‖/√d, from nothing but
// learning rates, weight decays and β₁. Source: Su Jianlin, "Asymptotic estimates of AdamW's weight RMS" (2025,
// kexue.fm/archives/11307 and 11404); docs/weight-rms.md goes through it slowly, apps/weight_rms puts it to the test.
//
// The derivation in short. AdamW's update t, with u_t the ratio of Adam's moments m_t and √v_t, is
//     θ_t = (1 − η_t λ_t) θ_{t−1} − η_t u_t,      so with κ_t = Σ η_i λ_i   θ_t ≈ e^{−κ_t} θ_0 − Σ_i e^{κ_i − κ_t} η_i
//     u_i.
// Take gradients that are independent draws from N(μ, σ²), and let v_t stand still at its mean μ² + σ². Then u is a
// running mean of gradients, u_i = (1 − β₁) Σ_{j≤i} β₁^{i−j} g_j / √(μ² + σ²), and gradient j enters θ_t with the
// weight
//     A_j(t) = (1 − β₁) Σ_{i=j..t} e^{κ_i − κ_t} β₁^{i−j} η_i.
// Variances add, means add before they are squared. With r = ‖μ‖²/‖σ‖² and ρ_t = RMS(θ_t)² this is
//     ρ_t = e^{−2κ_t} ρ_0 + (r z_t² + S_t) / (r + 1),     z_t = Σ_i e^{κ_i − κ_t} η_i,     S_t = Σ_j A_j(t)².
// The estimates below differ in S_t and z_t:
//     double_sum       as they stand
//     slow_variation   η and κ hardly change within 1/(1−β₁) updates, so A_j = e^{κ_j − κ_t} η_j and β₁ is gone
//     ode              sums become integrals: dρ/dt = −2λη ρ + η² for μ = 0
//     mean_field       η² and the speed of κ replaced by their means: S = ν (1 − e^{−2κ}) / 2κ, with ν = Σ η²
//     steady_state     dρ/dt = 0: ρ = η/2λ
// All are computed from one step to the next with factors e^{−ηλ} ≤ 1, so nothing overflows however large κ becomes,
// and from small κ with expm1, so nothing cancels.
//
// Every estimate returns the RMS before training and after each update: steps + 1 numbers, the initial one alone for no
// steps. They throw gg::Error for a rate or decay that is negative or not finite, where λη reaches 1 (there one update
// replaces the weights), β₁ outside of [0, 1), and an initial RMS or r that is negative or not finite.
#pragma once

#include "optim/rate_and_decay.h"

namespace gg::optim::weight_rms {

struct Options {
  double beta1 = 0.9;        ///< in [0, 1)
  double initial_rms = 0;    ///< of the weights before training
  double mean_to_noise = 0;  ///< r = ‖μ‖²/‖σ‖², of vector norms: of means and deviations of the gradients
  /// Of double_sum only: (1 − ηλ) as AdamW has it instead of e^{−ηλ}, and m̂_t = m_t/(1 − β₁ᵗ) instead of m_t.
  bool as_computed = false;
};

using Trajectory = std::vector<double>;

/// The sum over all pairs of updates, in O(steps) for the whole trajectory: with C_t = Σ_j A_j(t) β₁^{t−j} and
/// B_t = Σ_j β₁^{2(t−j)}, and f = e^{−η_t λ_t},
///     S_t = f² S_{t−1} + 2 f η_t (1−β₁) β₁ C_{t−1} + η_t² (1−β₁)² B_t,  C_t = f β₁ C_{t−1} + (1−β₁) η_t B_t.
Trajectory double_sum(const RatesAndDecays& updates, const Options& options);

/// ρ_t = e^{−2η_t λ_t} ρ_{t−1} + η_t² where μ = 0. Wrong within 1/(1−β₁) updates of a jump of η.
Trajectory slow_variation(const RatesAndDecays& updates, const Options& options);

/// dρ/dt = −2λ_t η_t ρ + η_t², integrated exactly over each update, in which η and λ stand still:
/// ρ ← e^{−a} ρ + η² (1 − e^{−a})/a with a = 2λη. Stable for all a, where Euler's rule is not beyond 1.
Trajectory ode(const RatesAndDecays& updates, const Options& options);

/// ρ_t = e^{−2κ} ρ_0 + (1 − e^{−2κ}) ν/2κ where μ = 0; else also z = (1 − e^{−κ}) Σ η/κ, by the same argument. For κ of
/// the size of 1, one pass over the data say; at κ around 10 it may be wrong by a factor of 2 (unless η and λ stand
/// still or λ follows η, when it is as good as ode).
Trajectory mean_field(const RatesAndDecays& updates, const Options& options);

/// Where the weights would settle if the rate and decay of each update stayed: √(η/2λ) where μ = 0; in general
/// ρ = (r/λ² + η/2λ)/(r + 1). Infinite without decay. One number for each update; the first one stands for the start
/// too.
Trajectory steady_state(const RatesAndDecays& updates, const Options& options);

/// e^{−2κ}(ρ_0 + ν) ≤ ρ ≤ e^{−2κ} ρ_0 + ν, of slow_variation, for μ = 0: close to each other while κ is below 1.
struct Bounds {
  Trajectory low, high;
};
Bounds bounds(const RatesAndDecays& updates, const Options& options);

/// RMS of Adam's update u once its moments have settled: u² = (r + (1−β₁)/(1+β₁))/(r + 1). For r = 0 and β₁ = 0.9
/// it is 0.229, the "about 0.2" of practice.
double update_rms(const Options& options);

/// max η_t λ_t: e^{−ηλ} stands for 1 − ηλ with a relative error of about ½ Σ (ηλ)², a matter of attention above 0.05.
double largest_decay(const RatesAndDecays& updates);

/// Whether weights wither: the rate ends below a thousandth of its maximum with a decay that does not follow it, and
/// κ > 3, so that the weights do. The estimates then go towards 0 with η/2λ.
bool withers(const RatesAndDecays& updates);

/// The constant (or with decay_follows_rate, the largest) weight decay with which the weights have this RMS after
/// `steps` updates, by ode. `plan.weight_decay` is not read. Throws where no decay in [0, 1/η_max) does it, saying
/// between which numbers the RMS can be.
double weight_decay_for(double rms, RateAndDecay plan, int64_t steps, const Options& options);

}  // namespace gg::optim::weight_rms
