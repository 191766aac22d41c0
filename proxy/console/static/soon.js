// A page that is not built yet names the command that tells the same.

import { h } from "./dom.js";

export const soonPage = (title, command) => (outlet) => {
  outlet.append(h("h1", null, title), h("p.lead", null, "This page is not built yet. The command line has it:"), h("pre.command", null, command));
};
