// A list of any length of which only what is seen is in the document. Pages of rows are fetched as they come into view.

import { h } from "./dom.js";

const PAGE = 100;
const PAGES_KEPT = 40;
const OVERSCAN = 8;

/**
 * virtualList({total, height, fetch(offset, limit) -> rows, draw(row, index) -> element, label}).
 * `height`: pixels of a row, a number or a function. The window scrolls, not the list. Never more than some hundred rows are drawn.
 */
export function virtualList({ total, height, fetch, draw, label }) {
  const tall = () => (typeof height === "function" ? height() : height);
  const list = h("div.rows", { role: "list", "aria-label": label });
  const space = h("div.rows-space", { style: { height: `${total * tall()}px` } }, list);
  const pages = new Map();
  let drawn = [-1, -1];
  let frame = 0;

  const page = (number) => {
    if (!pages.has(number)) {
      const held = { rows: null };
      pages.set(number, held);
      fetch(number * PAGE, PAGE).then((rows) => { held.rows = rows; drawn = [-1, -1]; look(); },
        (error) => { held.problem = error.message; drawn = [-1, -1]; look(); });
      if (pages.size > PAGES_KEPT) pages.delete(pages.keys().next().value);
    }
    return pages.get(number);
  };

  const askAgain = (number) => { pages.delete(number); drawn = [-1, -1]; look(); };
  const blank = (problem, number) => (problem
    ? h("div.row.blank.lost", { role: "alert" }, problem, h("button.quiet.small", { type: "button", onclick: () => askAgain(number) }, "Ask again"))
    : h("div.row.blank", { "aria-hidden": "true" }));

  const look = () => {
    frame = 0;
    if (!space.isConnected) return;
    const size = tall();
    space.style.setProperty("height", `${total * size}px`);
    const top = -space.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / size) - OVERSCAN);
    const last = Math.min(total, Math.ceil((top + innerHeight) / size) + OVERSCAN);
    if (drawn[0] === first && drawn[1] === last) return;
    drawn = [first, last];
    const focused = document.activeElement?.closest?.(".row")?.dataset.index;
    const elements = [];
    for (let index = first; index < last; index += 1) {
      const number = Math.floor(index / PAGE);
      const held = page(number);
      const row = held.rows?.[index % PAGE];
      const isFirst = index === first || index % PAGE === 0; // one row says it for all of its page
      const element = row ? draw(row, index) : blank(isFirst ? held.problem : null, number);
      element.setAttribute("role", "listitem");
      element.setAttribute("aria-setsize", total);
      element.setAttribute("aria-posinset", index + 1);
      element.dataset.index = index;
      elements.push(element);
    }
    list.style.setProperty("transform", `translateY(${first * size}px)`);
    list.replaceChildren(...elements);
    if (focused !== undefined) list.querySelector(`[data-index="${Number(focused)}"] a`)?.focus({ preventScroll: true });
  };
  const soon = () => { frame ||= requestAnimationFrame(look); };

  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    const row = event.target.closest?.(".row");
    if (!step || !row) return;
    event.preventDefault();
    const index = Number(row.dataset.index) + step;
    const next = list.querySelector(`[data-index="${index}"] a`);
    if (!next) return;
    next.focus({ preventScroll: true });
    next.closest(".row").scrollIntoView({ block: "nearest" });
  });
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon);
  requestAnimationFrame(look);
  return { element: space, look: () => { drawn = [-1, -1]; look(); },
    close() { removeEventListener("scroll", soon); removeEventListener("resize", soon); cancelAnimationFrame(frame); } };
}
