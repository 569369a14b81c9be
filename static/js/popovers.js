// Shows the page behind a `data-popover` link at the link: its element `#popover-content`.
// With `data-chosen`, the key of one of its buttons, that is pressed without showing the others.
import { UNREACHABLE, isModified, load, say } from "./page.js";

const box = Object.assign(document.createElement("div"), { id: "popover", className: "popover", popover: "auto" });
let opener = null;
box.setAttribute("role", "dialog");
box.tabIndex = -1;
box.dataset.keep = "";

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-popover]");
  if (!link || isModified(event)) return;
  event.preventDefault();
  const { chosen } = link.dataset;
  if (!box.contains(link)) opener = link.checkVisibility() ? link : document.activeElement;
  const { page } = await load(link.href).catch(() => say(UNREACHABLE) ?? {});
  const content = page?.querySelector("#popover-content");
  if (content) show(content, link.getAttribute("aria-label") ?? link.textContent.trim(), chosen);
  else if (page) location.assign(link.href);
});

// The answer to one of its forms: the form again, with errors, or the page behind it.
document.addEventListener("answer", (event) => {
  if (!box.matches(":popover-open")) return;
  const content = event.detail.querySelector("#popover-content");
  if (!content) return box.hidePopover();
  event.preventDefault();
  show(content, box.getAttribute("aria-label"));
});

box.addEventListener("toggle", ({ newState }) => {
  if (opener?.matches("a")) opener.setAttribute("aria-expanded", newState === "open");
  if (newState === "closed" && document.activeElement === document.body) opener?.focus();
});

box.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target.matches("input, select, textarea")) return;
  event.preventDefault();
  const items = controls();
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
});

const controls = () => [...box.querySelectorAll("a[href], button, input, select, summary")].filter((one) => one.checkVisibility());

function show(content, label, key) {
  box.replaceChildren(content);
  box.setAttribute("aria-label", label);
  document.body.append(box);
  const chosen = key && box.querySelector(`[data-key="${CSS.escape(key)}"]`);
  chosen?.click();
  if (chosen?.matches("a, button")) return;
  if (!box.matches(":popover-open")) box.showPopover();
  const { offsetWidth: width, offsetHeight: height } = box;
  const at = opener.getBoundingClientRect();
  const isBelow = at.bottom + height < innerHeight - 12 || at.top < height;
  const left = opener === document.body ? (innerWidth - width) / 2 : at.right - width;
  const top = opener === document.body ? 8 : isBelow ? at.bottom + 4 : at.top - height - 4;
  box.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  box.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
  (box.querySelector("[aria-invalid=true], [autofocus]") ?? controls()[chosen ? controls().indexOf(chosen) + 1 : 0] ?? box).focus();
}
