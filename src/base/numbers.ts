/** The sum of some numbers, added up in their order; 0 for none. */
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The next multiple of a number. */
export const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;
