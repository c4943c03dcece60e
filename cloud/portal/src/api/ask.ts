// Asks a route of the gateway by its path. The document of the gateway says what it takes and answers.

import type { paths } from '@holdfast/kit/api.gen.ts'
import { query, request, type RequestOptions } from './client.ts'

type Method = 'get' | 'post' | 'put' | 'delete'
type PathOf<M extends Method> = { [P in keyof paths]: paths[P] extends { [method in M]: object } ? P : never }[keyof paths]
type Operation<M extends Method, P extends keyof paths> = paths[P] extends { [method in M]: infer O } ? O : never

type Json<T> = T extends { content: { 'application/json': infer B } } ? B : undefined
/** What a route answers where it refuses nothing. */
export type AnswerOf<M extends Method, P extends PathOf<M>> = Operation<M, P> extends { responses: infer R } ? Json<R[keyof R & (200 | 201 | 202 | 204)]> : never
/** What a route takes. */
export type BodyOf<M extends Method, P extends PathOf<M>> = Operation<M, P> extends { requestBody?: infer B } ? Json<NonNullable<B>> : never

type Words<O> = O extends { parameters: { path: infer V } } ? ([V] extends [undefined] ? unknown : { path: V }) : unknown
type Query<O> = O extends { parameters: { query?: infer V } } ? { query?: V } : unknown
type Body<O> = O extends { requestBody: infer B } ? { body: Json<B> } : O extends { requestBody?: infer B } ? { body?: Json<NonNullable<B>> } : unknown
type Asked<O> = Omit<RequestOptions, 'method' | 'body'> & Words<O> & Query<O> & Body<O>

export function ask<M extends Method, P extends PathOf<M>>(method: M, path: P, asked: Asked<Operation<M, P>>): Promise<AnswerOf<M, P>> {
  const { path: words = {}, query: filters = {}, ...options } = asked as RequestOptions & { path?: Record<string, string | number>; query?: Record<string, string | number> }
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(words[name])))
  return request(filled + query(filters), { ...options, method: method.toUpperCase() as Uppercase<M> })
}
