// Selects all rows between two clicks while Shift is held, and the row whose key shows the boxes.
let last = null;
let first = "";

document.addEventListener("click", ({ target, shiftKey }) => {
  if (target.closest(".select-link")) first = document.activeElement.closest("[id^=task-]")?.id ?? "";
  if (!target.matches("input[type=checkbox][data-key=x]")) return;
  const boxes = [...document.querySelectorAll("input[type=checkbox][data-key=x]")];
  const [from, to] = [boxes.indexOf(last), boxes.indexOf(target)].sort((a, b) => a - b);
  if (shiftKey && from >= 0) for (const box of boxes.slice(from, to + 1)) box.checked = target.checked;
  last = target;
});

document.addEventListener("swap", () => {
  const box = first && document.getElementById(first)?.querySelector("input[data-key=x]");
  first = "";
  if (!box) return;
  box.focus();
  box.click();
});
