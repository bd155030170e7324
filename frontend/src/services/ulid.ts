import { ulid } from 'ulid'

/** Makes the client's id of a durable command. */
export const newCommandId = (): string => ulid()
