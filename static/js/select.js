// Selects all rows between two clicks while Shift is held.
let last = null;

document.addEventListener("click", ({ target, shiftKey }) => {
  if (!target.matches("input[type=checkbox][data-key=x]")) return;
  const boxes = [...document.querySelectorAll("input[type=checkbox][data-key=x]")];
  const [from, to] = [boxes.indexOf(last), boxes.indexOf(target)].sort((a, b) => a - b);
  if (shiftKey && from >= 0) for (const box of boxes.slice(from, to + 1)) box.checked = target.checked;
  last = target;
});
