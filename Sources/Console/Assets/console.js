// Keeps an open page alive: puts in what the server sends, and counts the times on. Without it the page shows the same
// and is renewed by reloading.
const sections = ["summary", "attention", "integrations", "changes", "waiting", "webhooks", "records", "security"];
const link = document.getElementById("link");

const relative = (then, now) => {
  const seconds = (now - then) / 1000;
  const size = Math.abs(seconds);
  if (size < 5) return "just now";
  const text =
    size < 60 ? `${Math.trunc(size)} s`
    : size < 3600 ? `${Math.trunc(size / 60)} min`
    : size < 86400 ? `${Math.trunc(size / 3600)} h`
    : `${Math.trunc(size / 86400)} d`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
};

const countOn = () => {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[datetime]")) {
    const text = relative(Date.parse(time.dateTime), now);
    if (time.textContent !== text) time.textContent = text;
  }
};

const source = new EventSource("/events");
for (const name of sections) {
  source.addEventListener(name, (event) => {
    const place = document.getElementById(name);
    if (place && place.innerHTML !== event.data) place.innerHTML = event.data;
  });
}
source.onopen = () => { link.hidden = true; };
source.onerror = () => {
  link.textContent = source.readyState === EventSource.CLOSED
    ? "not live any more: reload the page" : "connection lost, trying again";
  link.hidden = false;
};
setInterval(countOn, 5000);
