import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * Real servers for specs that need them: a Redis and instances of the built binary on one
 * SQLite file, each on a port of its own. Everything lives in a temporary folder and is
 * ended by its process id when the spec is done.
 */
export class Cluster {
  private readonly dir = mkdtempSync(join(tmpdir(), 'parley-e2e-'))
  private readonly instances: Instance[] = []
  private redis: ChildProcess | undefined
  private redisPort = 0

  private constructor() {}

  /** Starts a Redis and n instances on a copy of the store with demo data. */
  static async start(n: number): Promise<Cluster> {
    const cluster = new Cluster()
    try {
      // Another process may take the port first; then the next one is tried.
      for (let tries = 1; cluster.redis === undefined; tries++) {
        cluster.redisPort = await freePort()
        await cluster.startRedis().catch(async (error: unknown) => {
          if (tries === 10) throw error
          await cluster.stopRedis()
        })
      }
      copyFileSync(seeded(), join(cluster.dir, 'parley.db'))
      for (let i = 0; i < n; i++) cluster.instances.push(new Instance(cluster.dir, i, cluster.env()))
      for (const instance of cluster.instances) await instance.start()
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  get database(): string {
    return `sqlite://${join(this.dir, 'parley.db')}`
  }

  /** The address of an instance; it stays the same over restarts. */
  url(i: number): string {
    return this.instance(i).url
  }

  /** Ends an instance as a power cut would. */
  async kill(i: number): Promise<void> {
    await this.instance(i).end('SIGKILL')
  }

  async restart(i: number): Promise<void> {
    await this.instance(i).start()
  }

  /** Keeps an instance from doing anything, and lets it go on. */
  pause(i: number): void {
    this.instance(i).signal('SIGSTOP')
  }

  resume(i: number): void {
    this.instance(i).signal('SIGCONT')
  }

  async startRedis(): Promise<void> {
    const port = String(this.redisPort)
    const args = [
      '--port',
      port,
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      this.dir,
    ]
    const redis = spawn('redis-server', args, { stdio: 'ignore' })
    this.redis = redis
    await until('Redis answers', async () => {
      if (redis.exitCode !== null) throw new Error(`redis-server ended with ${redis.exitCode}`)
      return (await ask(this.redisPort, 'CONFIG GET dir')).includes(this.dir)
    })
  }

  async stopRedis(): Promise<void> {
    if (this.redis) await end(this.redis, 'SIGKILL')
    this.redis = undefined
  }

  /** Runs a tool of the binary and returns what it printed; it throws when the tool fails. */
  async run(args: string[]): Promise<string> {
    return await parley(args)
  }

  /** Checks the whole log: chains, numbers, rows and ledgers. */
  async verify(): Promise<string> {
    return await this.run(['verify', '--database', this.database])
  }

  async stop(): Promise<void> {
    for (const instance of this.instances) await instance.end('SIGKILL')
    await this.stopRedis()
    rmSync(this.dir, { recursive: true, force: true })
  }

  private instance(i: number): Instance {
    const instance = this.instances[i]
    if (!instance) throw new Error(`there is no instance ${i}`)
    return instance
  }

  private env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PARLEY_DATABASE_URL: this.database,
      PARLEY_REDIS_URL: `redis://127.0.0.1:${this.redisPort}/0`,
      PARLEY_LOGIN_RATE: '100',
      PARLEY_ADMIN_TOTP: 'off',
    }
  }
}

/** Runs the binary to its end and returns what it printed; it throws when the binary fails. */
export async function parley(args: string[]): Promise<string> {
  const tool = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  tool.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  const [code] = (await once(tool, 'close')) as [number]
  if (code !== 0) throw new Error(`parley ${args[0]} ended with ${code}:\n${out}`)
  return out
}

/** The name under which the workers find the store that was filled for all of them. */
export const SEEDED = 'PARLEY_E2E_SEEDED'

function seeded(): string {
  const file = process.env[SEEDED]
  if (!file) throw new Error('no store was filled: see e2e/support/seed.ts')
  return file
}

const binary = process.env.PARLEY_BIN ?? resolve(import.meta.dirname, '../../../bin/parley')

class Instance {
  url = ''
  private child: ChildProcess | undefined
  private readonly addrFile: string

  constructor(
    dir: string,
    i: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    this.addrFile = join(dir, `addr-${i}`)
  }

  async start(): Promise<void> {
    // A restart takes the same port, so that browsers find it again.
    const addr = this.url ? new URL(this.url).host : '127.0.0.1:0'
    rmSync(this.addrFile, { force: true })
    const env = { ...this.env, PARLEY_ADDR: addr, PARLEY_ADDR_FILE: this.addrFile }
    const child = spawn(binary, ['serve'], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    this.child = child
    await until('the server listens', () => {
      if (child.exitCode !== null) throw new Error(`parley serve ended with ${child.exitCode}`)
      return existsSync(this.addrFile)
    })
    this.url = `http://${readFileSync(this.addrFile, 'utf8')}`
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal)
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child) await end(this.child, signal)
    this.child = undefined
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  // What stands still hears of no other end. That end is to come before it goes on.
  if (signal !== 'SIGKILL') child.kill('SIGCONT')
  child.kill(signal)
  await closed
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Puts a question to a Redis and returns the beginning of its answer; none if nobody is there. */
async function ask(port: number, question: string): Promise<string> {
  return await new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${question}\r\n`))
    socket.once('data', (answer) => {
      socket.destroy()
      done(answer.toString())
    })
    socket.once('error', () => done(''))
    socket.once('close', () => done(''))
  })
}

/** Waits for a condition, looking again every few milliseconds. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`)
    await new Promise((next) => setTimeout(next, 25))
  }
}
