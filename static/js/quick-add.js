// Shows, while a line is written, how quick add understands it: parts in the line, chips that reject
// a part, and lists and labels to choose from. Without it the line is read when it is sent.

const WAIT = 150; // milliseconds after the last key
const FORM = "form[data-preview]";
let timer = 0;
let isBusy = false;
let isOutdated = false;

const fieldOf = (form) => form.querySelector("[name=text]"); // during a swap the form has two
const linesOf = (text) => text.split("\n").filter((line) => line.trim());
const within = (form, name) => form.querySelector(`.quick-${name}`);

function make(tag, textContent, attributes = {}) {
  const element = Object.assign(document.createElement(tag), { textContent });
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function listen(type, act) {
  document.addEventListener(type, (event) => event.target.matches?.(`${FORM} [name=text]`) && act(event.target.form, event), true);
}

// A line that the page already contains, such as a shared one.
for (const type of ["DOMContentLoaded", "swap"]) {
  document.addEventListener(type, () => document.querySelectorAll(FORM).forEach((form) => fieldOf(form).value && plan(form)));
}
listen("input", plan);
listen("focusout", (form) => offer(form, null));
listen("scroll", align);

// Several lines need a field for several lines.
listen("paste", (form, event) => {
  const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n");
  const { value, selectionStart, selectionEnd, attributes } = event.target;
  if (!event.target.matches("input") || linesOf(text).length < 2) return;
  event.preventDefault();
  const area = make("textarea", value, Object.fromEntries([...attributes].map((one) => [one.name, one.value])));
  for (const name of ["role", "aria-expanded"]) area.removeAttribute(name);
  area.rows = 6;
  event.target.replaceWith(area);
  area.focus();
  area.setRangeText(text, selectionStart, selectionEnd, "end");
  plan(form);
});

// --- Asking the server: one request at a time; an answer about an earlier text is dropped ---

function plan(form) {
  const { value } = fieldOf(form);
  const count = linesOf(value).length;
  form.querySelector("[type=submit]").textContent = count > 1 ? `Add ${count} tasks` : "Add";
  for (const one of form.querySelectorAll("[name=literal], [name=new_list]")) if (!value.includes(one.value)) one.remove();
  clearTimeout(timer);
  timer = setTimeout(ask, WAIT, form);
}

async function ask(form) {
  isOutdated = isBusy;
  if (isBusy) return;
  isBusy = true;
  const field = fieldOf(form);
  const { value, selectionStart } = field;
  const body = new FormData(form);
  body.set("before", value.slice(0, selectionStart));
  let answer = {};
  try {
    const response = value.trim() ? await fetch(form.dataset.preview, { method: "POST", body }) : null;
    if (response?.ok && !response.redirected) answer = await response.json();
  } catch {} // offline: the line is read when it is sent
  isBusy = false;
  if (isOutdated) ask(document.querySelector(FORM) ?? form);
  else if (field.isConnected && field.value === value) show(form, answer);
}

function show(form, { segments = [], chips = [], options = null, error }) {
  const marks = segments.map(([text, kind]) => (kind ? make("mark", text, { "data-kind": kind }) : text));
  within(form, "marks")?.replaceChildren(...marks);
  align(form);
  const problem = error ? [make("li", error, { "data-kind": "error" })] : [];
  within(form, "chips").replaceChildren(...chips.map((chip) => chipOf(form, chip)), ...problem);
  offer(form, document.activeElement === fieldOf(form) ? options : null);
}

function align(form) {
  if (within(form, "marks")) within(form, "marks").scrollLeft = fieldOf(form).scrollLeft;
}

function chipOf(form, { kind, words, text, newList }) {
  const chip = make("li", newList ? "" : words, { "data-kind": kind });
  const label = newList ? {} : { "aria-label": `Keep “${text}” as text` };
  const button = chip.appendChild(make("button", newList ? words : "×", { type: "button", ...label }));
  button.addEventListener("click", () => {
    form.prepend(make("input", "", { type: "hidden", name: newList ? "new_list" : "literal", value: newList ?? text }));
    fieldOf(form).focus();
    ask(form);
  });
  return chip;
}

// --- Choosing a list or a label ---

function offer(form, options) {
  const [list, field] = [within(form, "options"), fieldOf(form)];
  const { word = "", names = [], texts = [] } = options ?? {};
  list.replaceChildren(...names.map((name, at) => make("li", name, { role: "option", id: `quick-option-${at}`, "data-text": texts[at] })));
  list.dataset.word = word;
  list.hidden = !names.length;
  const states = field.matches("input") ? { role: "combobox", "aria-expanded": !list.hidden } : {};
  for (const [name, value] of Object.entries(states)) field.setAttribute(name, value);
  activate(form, list.firstElementChild);
}

function activate(form, option) {
  for (const one of within(form, "options").children) one.setAttribute("aria-selected", one === option);
  fieldOf(form).setAttribute("aria-activedescendant", option?.id ?? "");
}

listen("keydown", (form, event) => {
  const { key, target } = event;
  const list = within(form, "options");
  const active = list.querySelector("[aria-selected=true]");
  if (!active || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (key === "ArrowDown") activate(form, active.nextElementSibling ?? list.firstElementChild);
  else if (key === "ArrowUp") activate(form, active.previousElementSibling ?? list.lastElementChild);
  else if (key === "Escape") offer(form, null);
  // An offer for a word that has changed since then is not taken.
  else if (["Enter", "Tab"].includes(key) && target.value.slice(0, target.selectionStart).endsWith(list.dataset.word)) choose(form, active);
  else return;
  event.preventDefault();
});

document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest(".quick-options li");
  if (!option) return;
  event.preventDefault(); // the field keeps the focus
  choose(option.closest("form"), option);
});

function choose(form, option) {
  const field = fieldOf(form);
  const end = field.selectionStart;
  field.setRangeText(`${option.dataset.text} `, Math.max(end - within(form, "options").dataset.word.length, 0), end, "end");
  offer(form, null);
  plan(form);
}
