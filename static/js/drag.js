// Orders the items of a `data-sortable` list by dragging them. The menus move them without it.
// A drag begins at the link of an item. The attribute is the address to send a new place to, with `*` for the id of the item.
let dragged = null;

document.addEventListener("dragstart", ({ target, dataTransfer }) => {
  const item = target.closest?.("[data-sortable] > li[id]");
  if (!item || target.nodeType !== Node.ELEMENT_NODE) return;
  dragged = { item, before: item.nextElementSibling };
  dataTransfer.effectAllowed = "move";
  dataTransfer.setDragImage(item, 0, 0);
  requestAnimationFrame(() => item.classList.add("dragged"));
});

document.addEventListener("dragover", (event) => {
  const over = event.target.closest?.("[data-sortable] > li[id]");
  if (!dragged || over?.parentElement !== dragged.item.parentElement) return;
  event.preventDefault();
  const { top, height } = over.getBoundingClientRect();
  if (over !== dragged.item) over[event.clientY < top + height / 2 ? "before" : "after"](dragged.item);
});

document.addEventListener("drop", (event) => {
  if (!dragged) return;
  event.preventDefault();
  const { item, before } = dragged;
  dragged.isDropped = true;
  const [side, other] = item.nextElementSibling ? ["before", item.nextElementSibling] : ["after", item.previousElementSibling];
  if (item.nextElementSibling !== before && other) send(item, side, other);
});

document.addEventListener("dragend", () => {
  dragged?.item.classList.remove("dragged");
  if (dragged && !dragged.isDropped) dragged.item.parentElement.insertBefore(dragged.item, dragged.before);
  dragged = null;
});

function send(item, side, other) {
  const idOf = ({ id }) => id.slice(id.indexOf("-") + 1);
  const form = document.createElement("form");
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const values = { csrfmiddlewaretoken: token, [side]: idOf(other), next: `${location.pathname}${location.search}#${item.id}` };
  form.method = "post";
  form.hidden = true;
  form.setAttribute("action", item.parentElement.dataset.sortable.replace("*", idOf(item)));
  for (const [name, value] of Object.entries(values)) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  document.body.append(form);
  form.requestSubmit();
}
