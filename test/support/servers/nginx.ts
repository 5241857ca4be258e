import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '../folder.ts'
import { program } from './program.ts'
import { freePort, type StoreServer, storeServer } from './store-server.ts'

/**
 * Starts an nginx that passes each request to the next of these ports in turn, once: it never tries another server.
 */
export async function startNginx(ports: readonly number[]): Promise<StoreServer> {
  const nginx = program('nginx', 'nginx')
  const folder = temporaryFolder()
  const port = await freePort()
  const at = (name: string) => {
    const path = folder.path(name)
    mkdirSync(path)
    chmodSync(path, 0o777)
    return path
  }
  chmodSync(folder.path('.'), 0o777)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const lines = `
daemon off;
worker_processes 1;
pid ${folder.path('nginx.pid')};
error_log /dev/null;
events { worker_connections 4096; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${at(name)};`).join('\n  ')}
  upstream servers {
    ${ports.map((each) => `server 127.0.0.1:${each} max_fails=0;`).join('\n    ')}
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    keepalive_requests 1000000;
    location / {
      proxy_pass http://servers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_next_upstream off;
      proxy_read_timeout 15s;
    }
  }
}
`
  const config = folder.path('nginx.conf')
  writeFileSync(config, lines)
  const server = await storeServer({
    ...{ url: `http://127.0.0.1:${port}`, port, stopSignal: 'SIGTERM', deathSignal: 'TERM' },
    ...{ asNobody: true, command: [nginx, '-c', config, '-p', folder.path('.'), '-e', 'stderr'] },
  })
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      await server.stop()
      folder[Symbol.dispose]()
    },
  })
}
