// What a step is: its family (for colour and mark) and its name for people.

const FAMILIES = [
  [/^user_input$/, "input", "›"],
  [/^thought$/, "think", "∴"],
  [/^model_output$/, "output", "¶"],
  [/^function_/, "call", "ƒ"],
  [/^mcp_/, "call", "ƒ"],
  [/^code_execution/, "code", "›_"],
  [/search|maps|url_context|retrieval/, "search", "⌕"],
];

/** {family, mark} of a step's type; `other` where this release has no name for it. */
export function kindOf(type) {
  const found = FAMILIES.find(([pattern]) => pattern.test(type ?? ""));
  return found ? { family: found[1], mark: found[2] } : { family: "other", mark: "·" };
}

export const typeText = (type) => String(type ?? "unknown").replaceAll("_", " ");

/** One of six hues for a name, always the same. */
export function hueOf(name) {
  let sum = 0;
  for (const letter of String(name ?? "")) sum = (sum * 31 + letter.codePointAt(0)) >>> 0;
  return `var(--hue-${sum % 6})`;
}
