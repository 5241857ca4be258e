# Answers each line of standard input, a request as JSON, with a line about its answer.

require 'json'
require 'socket'

# Each connection goes to the relay, whatever host and port the URL names. Libraries open sockets in two ways.
module ToRelay
  class << self
    attr_accessor :port
  end

  module NewSocket
    def initialize(*)
      super('127.0.0.1', ToRelay.port)
    end
  end

  module Tcp
    def tcp(*, **, &)
      super('127.0.0.1', ToRelay.port, &)
    end
  end
end
TCPSocket.prepend(ToRelay::NewSocket)
Socket.singleton_class.prepend(ToRelay::Tcp)

def answer_requests(versions)
  $stdout.sync = true
  puts JSON.generate(versions)
  $stdin.each_line do |line|
    request = JSON.parse(line)
    ToRelay.port = request['relay']
    answer =
      begin
        { status: yield(request) }
      rescue StandardError => e
        { error: "#{e.class}: #{e.message.lines.first&.strip}" }
      end
    puts JSON.generate(answer)
  end
end
