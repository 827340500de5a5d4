// The style sheet of the report. Colours are variables with a light and a dark set; the paper of cards and figures is
// the same as the background of the plots (svg.cpp).
#include "apps/common/report_blocks.h"

namespace gg::apps {

std::string report_style() {
  return R"(:root{color-scheme:light dark;--page:#f4f6f8;--paper:#fff;--ink:#17212b;--soft:#55626e;--faint:#7b8792;
--line:#e2e6ea;--accent:#1f6fb4;--good:#0b7a58;--good-bg:#e3f4ee;--bad:#b3401a;--bad-bg:#fbe9e2;--same-bg:#eceff2;--bar:#c3cad1}
@media(prefers-color-scheme:dark){:root{--page:#0f1419;--paper:#171d24;--ink:#edf1f5;--soft:#aab6c1;--faint:#8794a0;
--line:#29323b;--accent:#6cb4ee;--good:#5bd6ad;--good-bg:#123328;--bad:#ff9d74;--bad-bg:#3a1f14;--same-bg:#262f38;--bar:#46525e}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.6 Inter,system-ui,-apple-system,'Segoe UI',Roboto,
'Helvetica Neue',Arial,'Liberation Sans',sans-serif;-webkit-text-size-adjust:100%}
header,main,footer{max-width:1132px;margin:0 auto;padding:0 24px}
header{padding-top:52px}
header .over{color:var(--accent);font-weight:600;font-size:.86rem;letter-spacing:.02em}
h1{font-size:2.5rem;line-height:1.15;letter-spacing:-.022em;margin:.2rem 0 .8rem;font-weight:700;text-wrap:balance}
.lead{font-size:1.18rem;line-height:1.6;color:var(--soft);max-width:46em;margin:0}
.lead strong{color:var(--ink)}
.facts{display:flex;flex-wrap:wrap;gap:6px 26px;margin:20px 0 0;padding:0;font-size:.88rem;color:var(--soft)}
.facts div{display:flex;gap:7px}.facts dt{color:var(--faint)}.facts dd{margin:0;font-variant-numeric:tabular-nums}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(230px,1fr));gap:16px;margin:34px 0 8px}
.card,figure{background:var(--paper);border:1px solid var(--line);border-radius:12px;box-shadow:0 1px 2px rgba(15,25,35,.04)}
.card{padding:18px 20px 16px;display:flex;flex-direction:column}
.card .name{font-size:.86rem;color:var(--soft);font-weight:500;line-height:1.35}
.card .value{font-size:2.1rem;font-weight:680;letter-spacing:-.02em;line-height:1.25;margin:2px 0 6px;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.card .value span{font-size:.95rem;font-weight:500;color:var(--soft);letter-spacing:0}
.badge{align-self:flex-start;font-size:.8rem;font-weight:600;border-radius:99px;padding:2px 10px;margin-bottom:12px}
.badge.better{color:var(--good);background:var(--good-bg)}
.badge.worse{color:var(--bad);background:var(--bad-bg)}
.badge.same{color:var(--soft);background:var(--same-bg)}
.bar{height:6px;border-radius:3px;margin-bottom:4px;background:transparent}
.bar i{display:block;height:100%;border-radius:3px;min-width:2px;background:var(--bar)}
.bar.ours i{background:var(--accent)}
.baseline{display:flex;justify-content:space-between;gap:12px;font-size:.86rem;color:var(--soft);margin-top:4px;line-height:1.4}
.baseline b{font-weight:600;font-variant-numeric:tabular-nums;white-space:nowrap}
.hint{font-size:.84rem;color:var(--faint);line-height:1.45;margin-top:8px}
section{margin-top:52px}
h2{font-size:1.5rem;letter-spacing:-.014em;line-height:1.25;margin:0 0 14px;text-wrap:balance}
.blocks{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:20px}
.blocks>*{grid-column:1/-1;margin:0}
.blocks>.half{grid-column:auto}
.blocks>p,.blocks>ul{max-width:46em}
.blocks ul{padding-left:1.25em}
.blocks li+li{margin-top:.3em}
.note{border-left:3px solid var(--accent);padding:2px 0 2px 16px;color:var(--soft)}
figure{margin:0;padding:16px 18px 14px;overflow:hidden}
figure.bare{padding:4px 4px 14px}figure.bare figcaption{padding:0 14px;margin-top:8px}
figure svg.gg-plot{display:block;width:100%;height:auto;margin:0 auto}
figure img{display:block;max-width:100%;height:auto;margin:0 auto}
figcaption{font-size:.9rem;color:var(--soft);line-height:1.5;margin-top:10px}
.strips{display:grid;grid-template-columns:auto minmax(0,1fr);gap:6px 16px;align-items:center}
.strips .who{font-size:.88rem;color:var(--soft);text-align:right;max-width:11em;line-height:1.3}
.strips img{margin:0;width:100%}
.strips .what{display:grid;grid-auto-flow:column;grid-auto-columns:1fr;font-size:.82rem;color:var(--faint);text-align:center;line-height:1.3}
.table{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{padding:7px 12px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child>*{border-bottom:0}figure th:first-child,figure td:first-child{padding-left:2px}
thead th{font-size:.82rem;color:var(--faint);font-weight:600;border-bottom:1px solid var(--line);vertical-align:bottom}
.right{text-align:right}td.right{white-space:nowrap}
code{font:.88em ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace;background:var(--same-bg);
border-radius:4px;padding:.1em .35em;overflow-wrap:anywhere}
pre{margin:0;padding:12px 16px;background:var(--paper);border:1px solid var(--line);border-radius:10px;overflow-x:auto}
pre code{background:none;padding:0}
footer{padding-top:52px;padding-bottom:64px;color:var(--faint);font-size:.9rem}
details{background:var(--paper);border:1px solid var(--line);border-radius:12px;margin-bottom:16px;color:var(--ink)}
summary{cursor:pointer;padding:12px 18px;font-weight:600}
details .table{padding:0 8px 10px}
.config th{font-weight:500;color:var(--soft);width:16em}.config code{background:none;padding:0}
@media(max-width:760px){h1{font-size:1.9rem}header{padding-top:32px}.blocks>.half{grid-column:1/-1}
.strips{grid-template-columns:minmax(0,1fr)}.strips .who{text-align:left;max-width:none}.strips .corner,.strips .what{display:none}}
@media print{body{background:#fff}.card,figure{box-shadow:none;break-inside:avoid}}
)";
}

}  // namespace gg::apps
