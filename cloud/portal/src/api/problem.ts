// A request that was refused or failed, as the pages show it.

export interface FieldProblem { field: string; message: string }

export interface ProblemBody {
  title?: string
  status?: number
  code?: string
  detail?: string
  errors?: FieldProblem[]
  trace?: string
  [extension: string]: unknown
}

/** The code of a request that got no answer from Holdfast at all. */
export const UNREACHABLE = 'unreachable'

export class Problem extends Error {
  readonly code: string
  readonly status: number
  readonly detail: string | undefined
  readonly errors: FieldProblem[]
  readonly trace: string | undefined
  readonly body: ProblemBody
  readonly retryAfterS: number | undefined

  constructor(body: ProblemBody, status: number, retryAfterS?: number) {
    super(body.title ?? body.code ?? String(status))
    this.name = 'Problem'
    this.code = body.code ?? `http_${status}`
    this.status = status
    this.detail = body.detail
    this.errors = body.errors ?? []
    this.trace = body.trace
    this.body = body
    this.retryAfterS = retryAfterS
  }

  /** True if asking again later may help, and nothing is wrong with the request. */
  get passes(): boolean {
    return this.code === UNREACHABLE || this.status === 429 || this.status >= 500
  }

  /** The errors by field, for a form. The first of a field counts. */
  get fields(): Record<string, string> {
    return Object.fromEntries(this.errors.map(e => [e.field, e.message] as const).reverse())
  }
}

export function unreachable(): Problem {
  return new Problem({ code: UNREACHABLE }, 0)
}

export async function problemOf(response: Response): Promise<Problem> {
  const after = Number(response.headers.get('retry-after') ?? '')
  const retryAfterS = Number.isFinite(after) && after > 0 ? after : undefined
  let body: ProblemBody = {}
  try {
    const read: unknown = await response.json()
    if (typeof read === 'object' && read !== null) body = read as ProblemBody
  } catch {
    // A proxy's page, or nothing at all: the status has to do.
  }
  // A gateway in front of a stopped Holdfast speaks another language than ours.
  if (!body.code && (response.status === 502 || response.status === 503 || response.status === 504)) return unreachable()
  return new Problem(body, response.status, retryAfterS)
}
