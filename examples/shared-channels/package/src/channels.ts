// Written by push-wire from the channels of the backend. Do not edit.
import type { Channel } from "push-wire";

/** Payload types of the channels: of entries, and of messages. */
export interface Channels {
  "menu": Channel<Array<Dish>, never>;
  "order": Channel<Order, NewOrder>;
}

/**
 * A dish of the menu.
 */
export type Dish = { 
/**
 * Name, unique in the menu.
 */
name: string, 
/**
 * Price in cents.
 */
cents: number, };

/**
 * Order as a page sends it.
 */
export type NewOrder = { 
/**
 * Number of the table, from 1 on.
 */
table: number, 
/**
 * Name of the dish.
 */
dish: string, };

/**
 * Order as pages read it.
 */
export type Order = { 
/**
 * Number of the order, from 1 on.
 */
number: number, 
/**
 * Number of the table, from 1 on.
 */
table: number, 
/**
 * Name of the dish.
 */
dish: string, };
