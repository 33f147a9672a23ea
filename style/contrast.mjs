// Checks tokens.css: both dark sets equal, text pairs >= 4.5:1, marks and field borders >= 3:1.
// Run: node style/contrast.mjs
import { readFileSync } from "node:fs";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");
const set = (selector) => {
  const body = css.slice(css.indexOf(selector + " {")).match(/\{([^}]*)\}/)[1];
  return Object.fromEntries([...body.matchAll(/--([\w-]+):\s*([^;]+);/g)].map((m) => [m[1], m[2]]));
};
const themes = {
  light: set(":root, [data-theme=light]"),
  dark: set("\n[data-theme=dark]"),
  system: set(":root:not([data-theme])"),
};
const channel = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const luminance = (hex) =>
  [1, 3, 5].map((i) => channel(parseInt(hex.slice(i, i + 2), 16)))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const ratio = (a, b) => {
  const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (hi + 0.05) / (lo + 0.05);
};

const grounds = ["bg", "surface", "surface-2"];
const pairs = [];
for (const ground of grounds) {
  for (const ink of ["ink", "ink-2", "ink-3", "accent", "good", "warn", "bad", "info"]) pairs.push([ink, ground, 4.5]);
}
for (const tone of ["accent", "good", "warn", "bad", "info"]) {
  pairs.push([tone, `${tone}-soft`, 4.5], ["ink", `${tone}-soft`, 4.5], ["ink-2", `${tone}-soft`, 4.5]);
}
pairs.push(["ink-3", "accent-soft", 4.5]);
pairs.push(["accent-ink", "accent", 4.5], ["accent-ink", "accent-hover", 4.5], ["bad-ink", "bad", 4.5], ["bad-ink", "bad-hover", 4.5]);
for (const ground of ["bg", "surface"]) pairs.push(["border-field", ground, 3]);
for (const n of [1, 2, 3, 4, 5, 6]) pairs.push([`c${n}`, "surface", 3]);

let faults = 0;
for (const [name, tokens] of Object.entries(themes)) {
  for (const [fore, back, least] of pairs) {
    const value = ratio(tokens[fore], tokens[back]);
    if (!(value >= least)) {
      faults += 1;
      console.error(`${name}: --${fore} on --${back} is ${value.toFixed(2)}:1, needs ${least}:1`);
    }
  }
}
if (JSON.stringify(themes.dark) !== JSON.stringify(themes.system)) {
  faults += 1;
  console.error("the two dark sets differ");
}
if (faults) process.exit(1);
console.log(`contrast ok: ${pairs.length} pairs in ${Object.keys(themes).length} sets`);
