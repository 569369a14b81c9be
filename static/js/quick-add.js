// Shows, while a line is written, how quick add understands it: parts in the line, chips that reject
// a part, and lists and labels to choose from. Without it the line is read when it is sent.

const WAIT = 150; // milliseconds after the last key
let timer = 0;
let isBusy = false;
let isOutdated = false;

const fieldOf = (form) => form.elements.namedItem("text");
const linesOf = (text) => text.split("\n").filter((line) => line.trim());
const optionsOf = (form) => form.querySelector(".quick-options");

function make(tag, textContent, attributes = {}) {
  const element = Object.assign(document.createElement(tag), { textContent });
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function listen(type, act) {
  document.addEventListener(type, (event) => event.target.matches?.("form[data-preview] [name=text]") && act(event.target.form, event), true);
}

// A line that the page already contains, such as a shared one.
for (const type of ["DOMContentLoaded", "swap"]) document.addEventListener(type, () => {
  const form = document.querySelector("form[data-preview]");
  if (form && fieldOf(form).value) plan(form);
});
listen("input", plan);
listen("focusout", (form) => showOptions(form, null));
listen("scroll", alignMarks);

// Several lines need a field for several lines.
listen("paste", (form, event) => {
  const text = event.clipboardData?.getData("text/plain").replace(/\r\n?/g, "\n") ?? "";
  const { target: input } = event;
  if (!input.matches("input") || linesOf(text).length < 2) return;
  event.preventDefault();
  const area = make("textarea", "", Object.fromEntries([...input.attributes].map(({ name, value }) => [name, value])));
  const { selectionStart, selectionEnd } = input;
  for (const name of ["role", "aria-expanded"]) area.removeAttribute(name);
  Object.assign(area, { value: input.value, rows: 6 });
  input.replaceWith(area);
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
  if (isOutdated) ask(document.querySelector("form[data-preview]") ?? form);
  else if (field.isConnected && field.value === value) show(form, answer);
}

function show(form, { segments = [], chips = [], options = null, error }) {
  const marks = segments.map(([text, kind]) => (kind ? make("mark", text, { "data-kind": kind }) : text));
  form.querySelector(".quick-marks")?.replaceChildren(...marks);
  alignMarks(form);
  const problem = error ? [make("li", error, { "data-kind": "error" })] : [];
  form.querySelector(".quick-chips").replaceChildren(...chips.map((chip) => chipOf(form, chip)), ...problem);
  showOptions(form, document.activeElement === fieldOf(form) ? options : null);
}

function chipOf(form, { kind, words, text, newList }) {
  const label = newList ? {} : { "aria-label": `Keep “${text}” as text` };
  const button = make("button", newList ? words : "×", { type: "button", ...label });
  button.addEventListener("click", () => {
    form.prepend(make("input", "", { type: "hidden", name: newList ? "new_list" : "literal", value: newList ?? text }));
    fieldOf(form).focus();
    ask(form);
  });
  const chip = make("li", newList ? "" : words, { "data-kind": kind });
  chip.append(button);
  return chip;
}

function alignMarks(form) {
  const marks = form.querySelector(".quick-marks");
  if (marks) marks.scrollLeft = fieldOf(form).scrollLeft;
}

// --- Choosing a list or a label ---

function showOptions(form, options) {
  const items = options?.names.map((name, index) => [name, { id: `quick-option-${index}`, "data-text": options.texts[index] }]) ?? [];
  const list = Object.assign(optionsOf(form), { hidden: !items.length });
  list.replaceChildren(...items.map(([name, attributes]) => make("li", name, { role: "option", ...attributes })));
  list.dataset.word = options?.word ?? "";
  const field = fieldOf(form);
  const states = field.matches("input") ? { role: "combobox", "aria-expanded": !list.hidden } : {};
  for (const [name, value] of Object.entries(states)) field.setAttribute(name, value);
  activate(form, list.firstElementChild);
}

function activate(form, option) {
  for (const one of optionsOf(form).children) one.setAttribute("aria-selected", one === option);
  fieldOf(form).setAttribute("aria-activedescendant", option?.id ?? "");
}

listen("keydown", (form, event) => {
  const { key, target } = event;
  const active = optionsOf(form).querySelector("[aria-selected=true]");
  if (!active || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  // A list for a word that has changed since then is not used.
  const isCurrent = target.value.slice(0, target.selectionStart).endsWith(optionsOf(form).dataset.word);
  if (key === "ArrowDown") activate(form, active.nextElementSibling ?? optionsOf(form).firstElementChild);
  else if (key === "ArrowUp") activate(form, active.previousElementSibling ?? optionsOf(form).lastElementChild);
  else if (key === "Escape") showOptions(form, null);
  else if ((key === "Enter" || key === "Tab") && isCurrent) choose(form, active);
  else return;
  event.preventDefault();
});

document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest(".quick-options li");
  if (!option) return;
  event.preventDefault(); // the field keeps the focus
  choose(option.closest("form"), option);
});

function choose(form, { dataset }) {
  const [field, { word }] = [fieldOf(form), optionsOf(form).dataset];
  const end = field.selectionStart;
  field.setRangeText(`${dataset.text} `, Math.max(end - word.length, 0), end, "end");
  showOptions(form, null);
  plan(form);
}
