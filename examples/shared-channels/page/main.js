// @ts-check
// Page of the orders service: the menu, and the orders of all tables.
import { connect, PushError } from "orders-push";

const client = connect("/rps");

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * An element with this text.
 *
 * @param {string} tag
 * @param {string} text
 */
function make(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/** @param {string} dish */
async function order(dish) {
  element("problem").textContent = "";
  const table = Number(/** @type {HTMLInputElement} */ (element("table")).value);
  try {
    await client.send("order", { table, dish });
  } catch (error) {
    if (!(error instanceof PushError)) throw error;
    element("problem").textContent = error.message;
  }
}

client.status.subscribe(({ phase }) => {
  element("status").textContent = phase;
  element("status").dataset.phase = phase;
});

client.document("menu").subscribe((dishes) => {
  const buttons = dishes.map(({ name, cents }) => {
    const button = make("button", name);
    button.append(make("span", (cents / 100).toFixed(2)));
    button.addEventListener("click", (event) => {
      event.preventDefault();
      void order(name);
    });
    return button;
  });
  element("dishes").replaceChildren(...buttons);
});

const orders = client.on("order", ({ value: { number, table, dish } }) => {
  const item = make("li", "");
  item.append(make("b", String(number)), dish, make("span", `table ${table}`));
  element("orders").prepend(item);
});

// The server was restarted: what it kept is gone.
orders.onOutcome(({ type }) => {
  if (type === "reset") element("orders").replaceChildren();
});
