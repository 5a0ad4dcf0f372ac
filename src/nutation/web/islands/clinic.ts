// On every page: htmx, links that open what hides their target, and printing with everything open.
import htmx from "htmx.org";

htmx.config.includeIndicatorCSS = false;
htmx.config.history = false;

const reveal = (): void => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let node: HTMLElement | null = target; node; node = node.parentElement)
    if (node instanceof HTMLDetailsElement) node.open = true;
  target.scrollIntoView();
};

addEventListener("hashchange", reveal);
if (location.hash) reveal();

let opened: HTMLDetailsElement[] = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll<HTMLDetailsElement>("main details:not([open], .not-printed, .not-printed *)")];
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => {
  for (const part of opened) part.open = false;
});

// A menu in the top bar closes when something else is chosen, or with Escape.
const menus = (): NodeListOf<HTMLDetailsElement> => document.querySelectorAll<HTMLDetailsElement>("details.menu[open]");
document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target as Node)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});
