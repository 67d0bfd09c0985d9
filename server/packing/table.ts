/** Values that occur often are written once, and named by their place in a table. */
export class Table<Key, Value = Key> {
  readonly values: Value[] = [];
  readonly #places = new Map<Key, number>();

  /** The place of the value of a key, which `make` makes where the key is a new one. */
  place(key: Key, make: () => Value): number {
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.values.push(make()) - 1;
      this.#places.set(key, place);
    }
    return place;
  }
}
