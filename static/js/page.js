// Loads pages of this server for the other modules, and tells the user what went wrong.

// The only place where text becomes elements. It comes from our own server, and what is parsed here never runs.
const policy = window.trustedTypes?.createPolicy("ownlist", { createHTML: (text) => text, createScriptURL: () => WORKER });
const WORKER = "/sw.js";
const PATIENCE = 30_000; // milliseconds
export const UNREACHABLE = "Ownlist can't be reached. Your text is still here. Try again when you are online.";

export async function load(url, { signal, ...options } = {}) {
  const signals = [AbortSignal.timeout(PATIENCE), ...(signal ? [signal] : [])];
  const headers = { Accept: "text/html", ...options.headers };
  const response = await fetch(url, { ...options, headers, signal: AbortSignal.any(signals) });
  const isPage = response.headers.get("Content-Type")?.startsWith("text/html");
  return { response, page: isPage ? parse(await response.text()) : null };
}

export const parse = (text) => new DOMParser().parseFromString(policy?.createHTML(text) ?? text, "text/html");

// Shows a message where those of the server appear.
export function say(text, kind = "error") {
  const message = document.createElement("div");
  message.className = `toast ${kind}`;
  message.append(Object.assign(document.createElement("p"), { textContent: text }));
  document.querySelector("#toasts")?.replaceChildren(message);
}

// Whether the user asks the browser for something else, such as a new tab.
export const isModified = (event) => event.defaultPrevented || event.button > 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;

// The service worker; the only address of a script that is not in the markup.
export const worker = () => policy?.createScriptURL(WORKER) ?? WORKER;
