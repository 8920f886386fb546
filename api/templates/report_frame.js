addEventListener("message", (event) => {
  if (event.source !== parent || typeof event.data?.report !== "string") return;
  document.open();
  document.write(event.data.report);
  document.close();
});
