// Lets a row that leaves the page shrink, unless the user asked for less motion.
document.addEventListener("leave", (event) => {
  const row = event.target;
  if (!row.matches("li[id]") || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  event.preventDefault();
  if (row.inert) return; // on its way
  row.id = `left-${row.id}`; // so that it is not taken for another row
  row.inert = true;
  const frames = [{ blockSize: `${row.offsetHeight}px` }, { blockSize: 0, minBlockSize: 0, paddingBlock: 0, opacity: 0 }];
  row.animate(frames, { duration: 180, easing: "ease-out" }).finished.finally(() => row.remove());
});
