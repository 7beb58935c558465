/** The targets as a picture, for the README: an SVG that reads on a bright page and on a dark one. */

import { show, type Surroundings } from "./report.ts";
import type { Verdict } from "./targets.ts";

const [WIDTH, ROW, TOP, BOTTOM] = [960, 26, 56, 34] as const;
/** Where the bars begin, where the target stands, and where the longest ends; in pixels. */
const [BARS, TARGET, END] = [520, 700, 860] as const;
const [REACHED, MISSED, TEXT] = ["#2a9d63", "#d9822b", "#7a8594"] as const;

/** A bar for each target: how much of what is allowed denit takes; to the left of the line it is reached. */
export function chart(verdicts: readonly Verdict[], { machine }: Surroundings): string {
  const height = TOP + verdicts.length * ROW + BOTTOM;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
    `font-family="sans-serif" font-size="13" fill="${TEXT}">
<text x="8" y="20" font-size="16">denit beside others: measured against its targets</text>
<text x="8" y="40">Each bar ends at the line where just what is wanted was measured. To the left of it is better.</text>
${verdicts.map(row).join("\n")}
<line x1="${TARGET}" x2="${TARGET}" y1="${TOP - 6}" y2="${height - BOTTOM}" stroke="${TEXT}"/>
<text x="8" y="${height - 12}" font-size="11">${escaped(machine)}; deno task bench --svg</text>
</svg>
`;
}

function row({ target: { of, to, limit, bound }, title, value, reached }: Verdict, i: number): string {
  const taken = bound === "at most" ? ratio(value, limit) : ratio(limit, value);
  const length = Math.max(2, Math.min(END - BARS, taken * (TARGET - BARS)));
  const middle = TOP + i * ROW + ROW / 2;
  const what = [of === undefined ? title : `${title}: ${of}`, ...to === undefined ? [] : [`/ ${to}`]].join(
    " ",
  );
  return `<text x="8" y="${middle + 4}" font-size="12">${escaped(cut(what))}</text>` +
    `<rect x="${BARS}" y="${middle - 8}" width="${length.toFixed(1)}" height="16" rx="3" ` +
    `fill="${reached ? REACHED : MISSED}"/>` +
    `<text x="${END + 8}" y="${middle + 4}" font-size="12">${show(value)} (${bound} ${show(limit)})</text>`;
}

/** Nothing of nothing is nothing. */
function ratio(value: number, limit: number): number {
  return value === 0 ? 0 : value / limit;
}

function cut(text: string): string {
  const MOST = 84;
  return text.length <= MOST ? text : `${text.slice(0, MOST - 3)}...`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
