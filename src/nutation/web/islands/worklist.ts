// The worklist by keyboard: j and k (or the arrows, once in the list) move along the patients, Enter opens one,
// / goes to the search field. The links are links: without this script Tab does the same.
const links = (): HTMLAnchorElement[] => [...document.querySelectorAll<HTMLAnchorElement>("a[data-row]")];

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));

const move = (by: number): void => {
  const all = links();
  if (all.length === 0) return;
  const row = document.activeElement?.closest("tr, li") ?? null;
  const at = row ? all.findIndex((link) => row.contains(link)) : -1;
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by));
  all[next].focus();
  all[next].scrollIntoView({ block: "nearest" });
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const within = document.activeElement?.matches("a[data-row]") ?? false;
  if (event.key === "j" || (within && event.key === "ArrowDown")) move(1);
  else if (event.key === "k" || (within && event.key === "ArrowUp")) move(-1);
  else if (event.key === "/") document.querySelector<HTMLInputElement>("input[type=search]")?.focus();
  else return;
  event.preventDefault();
});
