// Activates links, buttons and fields by the key in their `data-key`; the page /keys/ shows all of them.
// A row comes first, then the menu behind its link with `data-menu-keys`, then the rest of the page.
const ROW = "[id^=task-]";
const TEXT = "textarea, select, input:not([type=checkbox], [type=radio])";
const PATIENCE = 1500; // milliseconds between the keys of a sequence
let prefix = "";
let timer = 0;

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const isLetter = key.length === 1 && !event.ctrlKey && !event.metaKey;
  if (event.defaultPrevented || event.isComposing || event.altKey || document.querySelector("dialog[open]")) return;
  if (key === "Escape") return leave(event);
  if (isLetter && (target.matches(TEXT) || document.body.dataset.letterKeys === "off")) return;
  if (!isLetter && target.matches(TEXT) && !event.ctrlKey && !event.metaKey) return;
  const name = nameOf(event);
  clearTimeout(timer);
  prefix = key === "g" && !prefix ? "g " : "";
  if (prefix) timer = setTimeout(() => (prefix = ""), PATIENCE);
  const row = target.closest(ROW);
  const step = { j: 1, k: -1 }[name];
  if (step ? walk(row, step) : activate(find(name, row), name)) event.preventDefault();
});

function nameOf({ key, ctrlKey, metaKey, shiftKey }) {
  if (ctrlKey || metaKey) return `Ctrl+${key.toLowerCase()}`;
  return prefix + (shiftKey && key.length > 1 ? `Shift+${key}` : key);
}

function find(name, row) {
  const selector = `[data-key="${CSS.escape(name)}"]`;
  const outside = [...document.querySelectorAll(selector)].filter((one) => !one.closest(ROW));
  return row?.querySelector(selector) ?? menuOf(row, name) ?? outside.find((one) => one.checkVisibility()) ?? outside[0];
}

function activate(element, name) {
  if (!element || name === "Enter") return false; // the browser's own key
  if (element.dataset.menuKeys) element.dataset.chosen = name;
  if (element.matches(TEXT)) element.focus();
  else element.click();
  delete element.dataset.chosen;
  return true;
}

function walk(row, step) {
  const rows = [...document.querySelectorAll(`main ${ROW}`)];
  const next = rows[row ? rows.indexOf(row) + step : 0];
  next?.querySelector("a, [type=checkbox]")?.focus();
  return Boolean(next);
}

function menuOf(row, name) {
  const link = row?.querySelector("[data-menu-keys]");
  return link?.dataset.menuKeys.split(" ").includes(name) ? link : null;
}

function leave(event) {
  if (document.querySelector(":popover-open")) return;
  if (event.target.matches(TEXT)) event.target.blur();
  else activate(find("Escape", null));
}
