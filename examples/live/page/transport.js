// Choice of the transport. It is a parameter of the page's address, so that a reload keeps it and a link carries it.

const PARAMETER = "transport";

/** The transport of the address: "auto", "websocket" or "sse". */
export function chosenTransport() {
  const given = new URLSearchParams(location.search).get(PARAMETER);
  return given === "websocket" || given === "sse" ? given : "auto";
}

/** Shows the choice in a select element. Another one loads the page again, which goes on after what it has shown. */
export function offerTransports(select) {
  select.value = chosenTransport();
  select.addEventListener("change", () => {
    const address = new URL(location.href);
    if (select.value === "auto") address.searchParams.delete(PARAMETER);
    else address.searchParams.set(PARAMETER, select.value);
    location.assign(address);
  });
}
