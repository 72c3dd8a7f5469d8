// Formatting of numbers for people.

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** 1234567 → "1.23 MB": three digits at most, decimal units. */
export function bytes(count) {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${digits(value, unit)} ${UNITS[unit]}`;
}

function digits(value, unit) {
  if (unit === 0) return String(Math.round(value));
  if (value >= 99.95) return value.toFixed(0);
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

/** 0.0123 → "1.2 %". */
export function share(part, whole) {
  if (whole <= 0) return "–";
  const percent = (100 * part) / whole;
  return `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

/** "1 entry", "2 entries". */
export function count(number, one, many) {
  return `${number} ${Number(number) === 1 ? one : many}`;
}

/** Hours, minutes and seconds of a moment (milliseconds since 1970). */
export function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour12: false });
}
