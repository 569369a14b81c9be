// Goes to any page, list or task and presses any button of the page, by a few letters of its name.
import { load } from "./page.js";

const WAIT = 150; // milliseconds after the last key
const SHOWN_MAX = 12;
const dialog = document.querySelector("#palette");
const [field, list] = [dialog.querySelector("input"), dialog.querySelector("[role=listbox]")];
let targets = []; // what the options activate
let timer = 0;

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-palette]")) return;
  event.preventDefault();
  dialog.dataset.keep = "";
  field.value = "";
  const row = document.activeElement.closest("[id^=task-]");
  targets = [...(row?.querySelectorAll("[data-key]") ?? []), ...document.querySelectorAll("nav a, nav form button, main [data-key]:not(li *), #details [data-key]")];
  show(matching());
  dialog.showModal();
}, true);

field.addEventListener("input", () => {
  show(matching());
  clearTimeout(timer);
  if (field.value.trim()) timer = setTimeout(search, WAIT, field.value);
});

field.addEventListener("keydown", (event) => {
  const active = list.querySelector("[aria-selected=true]");
  if (event.key === "ArrowDown") select(active?.nextElementSibling ?? list.firstElementChild);
  else if (event.key === "ArrowUp") select(active?.previousElementSibling ?? list.lastElementChild);
  else return;
  event.preventDefault();
});

dialog.addEventListener("submit", (event) => {
  const active = list.querySelector("[aria-selected=true]");
  if (active) event.preventDefault();
  dialog.close();
  active?.target.focus();
  active?.target.click();
});

list.addEventListener("click", ({ target }) => {
  select(target.closest("[role=option]"));
  dialog.querySelector("form").requestSubmit();
});

function nameOf(element) {
  const named = element.querySelector(".name") ?? element;
  return (element.getAttribute("aria-label") ?? (named.textContent || element.labels?.[0]?.textContent)).replace(/\s+/g, " ").trim();
}

function matching() {
  const words = field.value.toLowerCase().split(/\s+/);
  return targets.filter((one) => words.every((word) => nameOf(one).toLowerCase().includes(word)));
}

async function search(text) {
  const { page } = await load(`${dialog.querySelector("form").action}?${new URLSearchParams({ q: text })}`).catch(() => ({}));
  if (!page || field.value !== text) return;
  const links = [...page.querySelectorAll("main .places a, main a.title")].map((link) => document.adoptNode(link));
  dialog.querySelector(".palette-found").replaceChildren(...links);
  show([...matching(), ...links]);
}

function show(found) {
  const options = found.slice(0, SHOWN_MAX).map((target, index) => {
    const option = Object.assign(document.createElement("li"), { id: `palette-${index}`, target, textContent: nameOf(target) });
    option.setAttribute("role", "option");
    if (target.dataset.key) option.append(Object.assign(document.createElement("kbd"), { textContent: target.dataset.key }));
    return option;
  });
  list.replaceChildren(...options);
  select(options[0]);
}

function select(option) {
  for (const one of list.children) one.setAttribute("aria-selected", one === option);
  field.setAttribute("aria-activedescendant", option?.id ?? "");
  option?.scrollIntoView({ block: "nearest" });
}
