// Sends links and forms by fetch and morphs the page into the answer, so that the place in it stays.
// Opt out with `data-plain`. Other modules learn of a change by the event `swap` of the document.
import { UNREACHABLE, isModified, load, say } from "./page.js";

const isPlain = (element) => element.closest("[data-plain]") || element.getAttribute("target") || element.hasAttribute("download");
const isOurs = (url) => new URL(url).origin === location.origin;
const isHere = (url) => new URL(url).pathname === location.pathname;
const pageOf = (url) => url.split("#", 1)[0];
const isText = (field) => field.matches("textarea, input:not([type=hidden], [type=checkbox], [type=radio])");

class Refused extends Error {}
const waiting = new Set(); // what is being sent
let queue = Promise.resolve(); // one after the other, so that a later answer is never overwritten
let visit = new AbortController(); // of the last link

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || isModified(event) || isPlain(link) || !isOurs(link.href)) return;
  if (link.hash && pageOf(link.href) === pageOf(location.href)) return;
  event.preventDefault();
  link.closest(":popover-open")?.hidePopover(); // such as the menu on a phone
  go(link.href);
});

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  const method = submitter?.getAttribute("formmethod") ?? form.getAttribute("method") ?? "get";
  const action = new URL((submitter?.getAttribute("formaction") ?? form.getAttribute("action")) || location, location);
  if (event.defaultPrevented || isPlain(submitter ?? form) || isPlain(form) || !isOurs(action) || method === "dialog") return;
  event.preventDefault();
  if (method.toLowerCase() === "get") {
    action.search = new URLSearchParams(new FormData(form, submitter));
    return go(action.href);
  }
  const data = new FormData(form, submitter);
  const request = `${action} ${new URLSearchParams(data)}`;
  if (waiting.has(request)) return; // pressed twice
  const pressed = submitter ?? form;
  const isTick = pressed.matches(":is(.circle, .check):focus");
  waiting.add(request);
  pressed.setAttribute("aria-busy", "true");
  for (const field of form.querySelectorAll("[data-clear]")) field.value = "";
  const key = form.matches("[data-outbox]") ? crypto.randomUUID?.() : null; // so that it is carried out once
  enqueue(() => send(form, action, data, key, isTick)).finally(() => {
    waiting.delete(request);
    pressed.removeAttribute("aria-busy");
  });
});

// The second click of a double click would meet the row that has moved up.
document.addEventListener("click", (event) => event.detail > 1 && event.target.closest(".circle, .check") && event.preventDefault());

// A form that saves by itself.
document.addEventListener("change", ({ target }) => {
  if (target.form?.matches("[data-autosubmit]")) target.form.requestSubmit();
});

window.addEventListener("popstate", ({ state }) => {
  if (shown !== pageOf(location.href)) go(location.href, { top: state?.top ?? 0, isBack: true });
});

let shown = pageOf(location.href);

document.addEventListener("refresh", () => go(location.href));

function go(url, { top, isBack } = {}) {
  visit.abort();
  const { signal } = (visit = new AbortController());
  enqueue(async () => {
    if (signal.aborted) return;
    const { response, page } = await load(url, { signal });
    if (!fits(page)) return isBack ? location.reload() : location.assign(url);
    const { hash, searchParams } = new URL(url);
    const isSame = isBack || isHere(response.url);
    const kept = isHere(response.url) ? scrollY : 0;
    if (!isBack) history.replaceState({ top: scrollY }, ""); // for the way back
    show(page, isHere(response.url));
    address(response.url + hash, isBack);
    place(top ?? kept, hash || (searchParams.has("task") && "#details"), isSame);
  }, signal);
}

async function send(form, action, data, key, isTick) {
  // What an earlier answer has changed in the form, such as its version, is sent as it is now.
  for (const { name, value } of form.querySelectorAll("input[type=hidden]")) {
    if (data.getAll(name).length === 1) data.set(name, value);
  }
  const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
  try {
    const { response, page } = await load(action, { method: "POST", body, headers: key ? { "Idempotency-Key": key } : {} });
    if (!fits(page)) {
      if (response.ok) return location.assign(response.url);
      throw new Refused(reasonOf(page));
    }
    if (!document.dispatchEvent(new CustomEvent("answer", { cancelable: true, detail: page }))) return;
    const [hash] = /#.*/.exec(data.get("next") ?? action.searchParams.get("next")) ?? [];
    const isSame = isHere(response.url);
    const top = isSame ? scrollY : 0;
    history.replaceState({ top }, "");
    show(page, isSame, (field) => field.form === form && (!isText(field) || data.getAll(field.name).includes(field.value)));
    if (response.redirected) address(response.url);
    place(top, hash, isSame, { isQuiet: form.matches("[data-autosubmit]"), isTick });
  } catch (error) {
    const unsent = { form, action: action.href, data: [...data], key };
    if (key && !(error instanceof Refused) && !document.dispatchEvent(new CustomEvent("unsent", { cancelable: true, detail: unsent }))) return;
    for (const field of form.querySelectorAll("[data-clear]")) field.value ||= data.get(field.name);
    throw error;
  }
}

function enqueue(step, signal) {
  queue = queue.then(step).catch((error) => signal?.aborted || say(error instanceof Refused ? error.message : UNREACHABLE));
  return queue;
}

// --- What is shown -----------------------------------------------------------

// Keeps unsent input, what modules have added, and a message until its time is up.
function show(page, isStaying, isSent = () => false) {
  for (const { name, value } of page.documentElement.attributes) document.documentElement.setAttribute(name, value);
  document.title = page.title;
  // With the new token most rows are equal, so that they need no work.
  const token = page.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.setAttribute("value", token);
  const isReplaceable = (old, fresh) => {
    if (old.nodeType !== Node.ELEMENT_NODE) return true;
    if (old.matches("li[id]") && old.isEqualNode(fresh)) return false;
    if (old.id === "toasts") return fresh.childElementCount > 0;
    return isSent(old) || !(isEdited(old) || isBasis(old)) || old.form?.getAttribute("action") !== fresh.form?.getAttribute("action");
  };
  const isRemovable = (node) => {
    if (node.nodeType !== Node.ELEMENT_NODE) return true;
    if (node.hasAttribute("data-keep")) return false;
    return !isStaying || node.dispatchEvent(new CustomEvent("leave", { bubbles: true, cancelable: true }));
  };
  Idiomorph.morph(document.body, page.body, {
    callbacks: { beforeNodeMorphed: isReplaceable, beforeNodeRemoved: isRemovable, beforeAttributeUpdated: isUpdatable },
  });
  document.dispatchEvent(new CustomEvent("swap"));
}

function isEdited(field) {
  if (isText(field)) return field.value !== field.defaultValue;
  if (!field.matches("select")) return field.matches("input") && field.checked !== field.defaultChecked;
  const initial = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(initial, 0);
}

// The value that a kept text was based on: with a newer one, a change made elsewhere would be overwritten.
const isBasis = (field) => field.matches("[name=seen]") && [...(field.form?.elements ?? [])].some(isEdited);

// What the user has folded out stays open.
const isUpdatable = (name, element) => !(name === "open" && element.matches("details"));

// Whether the page has the same style sheets and modules. Signed-out pages and later releases don't.
function fits(page) {
  const assets = (head) => [...head.querySelectorAll("link[rel=stylesheet], script")].map((one) => one.getAttribute("href") ?? one.getAttribute("src"));
  return page !== null && assets(page.head).join() === assets(document.head).join();
}

function reasonOf(page) {
  const texts = [...(page?.querySelectorAll("main h1, main h1 + p") ?? [])].map((one) => one.textContent.trim());
  return texts.length ? `${texts.join(". ")} Your text is still here.` : UNREACHABLE;
}

// --- The place in the page ---------------------------------------------------

function address(url, isBack = false) {
  if (!isBack && pageOf(url) !== pageOf(location.href)) history.pushState(null, "", url);
  shown = pageOf(location.href);
}

// In a row the focus goes to its link, so that Enter opens it, but after a tick to the next circle.
function place(top, hash, isSame, { isQuiet, isTick } = {}) {
  scrollTo({ top, behavior: "instant" });
  const isLost = !isSame || document.activeElement === document.body;
  const named = hash ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
  if (!isLost && (isQuiet || named?.contains(document.activeElement))) return;
  const inRow = () => (!isTick && named.querySelector("a, [type=checkbox]")) || named.querySelector("button, a, [type=checkbox]");
  const start = () => (!isSame && document.querySelector("main [autofocus]")) || document.querySelector("main h1");
  const target = (named?.matches("li") ? inRow() : named) ?? (isLost && start());
  if (!target) return;
  if (target.tabIndex < 0) target.tabIndex = -1;
  target.focus({ preventScroll: !named });
}
