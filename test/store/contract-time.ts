const HOUR = 3600

/**
 * The time at which a contract begins: the start of an hour, between five and six hours ago. Stores with a clock of
 * their own reject timestamps that are far from it: up to an hour after this is not ahead, and some hours before
 * it are still kept.
 */
export const NOW: number = (Math.floor(Date.now() / 1000 / HOUR) - 5) * HOUR
