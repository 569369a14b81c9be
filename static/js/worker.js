// The service worker: keeps the last copies of Today, the inbox, Upcoming and lists for when there is no network.
// It keeps those of one user, who stays signed in on this device; docs/security.md says when they are deleted.
const KEPT = /^\/(inbox\/|upcoming\/|lists\/[^/]+\/)?$/;
const ASSETS_MAX = 100;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open("assets").then((cache) => cache.add("/offline/")));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(asset(event));
  else if (request.mode === "navigate" && request.destination !== "document") return; // a frame
  else if (request.headers.get("Accept")?.startsWith("text/html")) event.respondWith(page(event, url));
});

async function asset(event) {
  try {
    const response = await fetch(event.request);
    if (response.ok) event.waitUntil(keepAsset(event.request, response.clone()));
    return response;
  } catch {
    return (await caches.match(event.request)) ?? Response.error();
  }
}

async function keepAsset(request, response) {
  const cache = await caches.open("assets");
  await cache.put(request, response);
  const [, oldest, ...others] = await cache.keys();
  if (others.length > ASSETS_MAX) await cache.delete(oldest);
}

async function page(event, url) {
  try {
    const response = await fetch(event.request);
    event.waitUntil(keep(url, response.clone()));
    return response;
  } catch {
    return (await copyOf(url)) ?? caches.match("/offline/");
  }
}

async function keep({ pathname, search }, response) {
  if (new URL(response.url).pathname.endsWith("/login/")) return caches.delete("pages");
  if (!response.ok || response.redirected || search || !KEPT.test(pathname)) return;
  const text = await response.text();
  const [, user] = /<body[^>]*\sdata-offline="([^"]+)"/.exec(text) ?? [];
  if (!user) return caches.delete("pages");
  const kept = await caches.match("/user");
  if (kept && (await kept.text()) !== user) await caches.delete("pages");
  const cache = await caches.open("pages");
  await cache.put("/user", new Response(user));
  const headers = new Headers(response.headers);
  headers.set("Date", new Date().toUTCString());
  await cache.put(pathname, new Response(text, { headers }));
}

async function copyOf({ pathname }) {
  const copy = await (await caches.open("pages")).match(pathname);
  if (!copy) return null;
  const { headers } = copy;
  const at = new Date(headers.get("Date")).toLocaleString("en-GB", { dateStyle: "full", timeStyle: "short" });
  const note = `<p class="offline-note" role="status">You are offline. Copy of ${at}.</p>`;
  return new Response((await copy.text()).replace("</h1>", `</h1>${note}`), { headers });
}
