// SPDX-License-Identifier: Apache-2.0
// The cluster engine on Corosync 3: connects, waits on descriptors, sends, and starts anew.
#include "engine/corosync_engine.h"

#include <unistd.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <random>
#include <thread>

#include "base/prng.h"
#include "engine/corosync_connection.h"
#include "engine/view_assembler.h"

namespace upbeat {
namespace {

namespace asio = boost::asio;
using Stream = CorosyncConnection::Stream;
using Opened = Result<std::unique_ptr<CorosyncConnection>>;

/// How soon to try again when Corosync's flow control took no more.
constexpr std::chrono::milliseconds send_retry{5};
constexpr std::chrono::milliseconds reconnect_pause{engine_retry_ms};
/// A Corosync that is stopped lets go of the ring so long after this daemon has left: by then the
/// others have agreed that the daemon went first (core/records.h, Lost).
constexpr std::chrono::milliseconds stop_delay{1'500};
/// And so long after that it is looked for again; whoever joined it before it is gone would seem to
/// go with its host.
constexpr std::chrono::milliseconds stop_pause{2'000};

Error gone() {
  return Error{
      "Cannot use the cluster engine: there is no connection to Corosync; look whether it runs on "
      "this node with `systemctl status corosync`."};
}

std::uint64_t draw_incarnation() {
  std::random_device chance;
  return mix64(std::uint64_t{chance()} << 32U | chance()) >> 11U;
}

}  // namespace

class CorosyncEngine::Body : public std::enable_shared_from_this<Body>,
                             public CorosyncEvents,
                             public ViewSink {
 public:
  explicit Body(asio::io_context& io)
      : io_(io),
        waits_{asio::posix::stream_descriptor(io), asio::posix::stream_descriptor(io),
               asio::posix::stream_descriptor(io), asio::posix::stream_descriptor(io)},
        reconnect_(io),
        retry_send_(io),
        round_(io),
        stop_(io) {}

  void start(EngineListener& listener) {
    listener_ = &listener;
    connect();
  }

  void stop() {
    listener_ = nullptr;
    disconnect();
    reconnect_.cancel();
    stop_.cancel();
    if (worker_.joinable()) worker_.join();
  }

  Result<void> send(std::string bytes) {
    if (bytes.size() > message_limit_bytes) {
      return fail("Cannot send a message of " + std::to_string(bytes.size()) +
                  " bytes to the cluster: the limit is " + std::to_string(message_limit_bytes) +
                  " bytes; send it in parts.");
    }
    if (!connection_) return std::unexpected(gone());
    if (outgoing_.size() >= send_queue_limit) {
      return fail(
          "Cannot send to the cluster: " + std::to_string(outgoing_.size()) +
          " messages wait already because Corosync takes them too slowly; send again later.");
    }
    outgoing_.push_back({payload_head, std::move(bytes)});
    flush();
    return {};
  }

  Result<NodeId> self() const {
    if (!connection_) return std::unexpected(gone());
    return connection_->self();
  }

  Result<std::vector<ConfiguredNode>> configured_nodes() const {
    if (!connection_) return std::unexpected(gone());
    return connection_->configured_nodes();
  }

  Result<RingTiming> ring_timing() const {
    if (!connection_) return std::unexpected(gone());
    return connection_->ring_timing();
  }

 private:
  struct Outgoing {
    std::string_view head;  // of static life
    std::string body;
  };

  // ---- connecting ----

  void connect() {
    if (worker_.joinable()) worker_.join();  // it has posted its result: nothing to wait for
    worker_ = std::thread([weak = weak_from_this(), work = asio::make_work_guard(io_)] {
      asio::post(work.get_executor(), [weak, opened = CorosyncConnection::open()]() mutable {
        if (const auto body = weak.lock()) body->connected(std::move(opened));
      });
    });
  }

  void connected(Opened opened) {
    if (listener_ == nullptr) return;
    if (!opened) return lose(opened.error());
    connection_ = std::move(*opened);
    overflowed_ = false;
    assembler_.emplace(*this,
                       ProcessId{connection_->self(), static_cast<std::uint32_t>(::getpid())},
                       draw_incarnation());
    for (const Stream stream :
         {Stream::quorum, Stream::group, Stream::configuration, Stream::service}) {
      wait_of(stream).assign(connection_->fd(stream));
      dispatch(stream);  // what came before the descriptor was watched
      if (!connection_) return;
    }
  }

  void lose(const Error& why, std::chrono::milliseconds pause = reconnect_pause) {
    disconnect();
    reconnect_.expires_after(pause);
    reconnect_.async_wait([weak = weak_from_this()](const auto& error) {
      const auto body = weak.lock();
      if (!error && body && body->listener_ != nullptr) body->connect();
    });
    if (!std::exchange(told_lost_, true)) listener_->on_engine_lost(why);
  }

  void disconnect() {
    for (auto& wait : waits_) {
      if (wait.is_open()) wait.release();  // the descriptor belongs to the connection
    }
    round_.cancel();
    retry_send_.cancel();
    ++life_;
    connection_.reset();
    outgoing_.clear();
  }

  // ---- hearing ----

  asio::posix::stream_descriptor& wait_of(Stream stream) {
    return waits_[static_cast<std::size_t>(stream)];
  }

  void watch(Stream stream) {
    wait_of(stream).async_wait(asio::posix::stream_descriptor::wait_read,
                               [weak = weak_from_this(), life = life_, stream](const auto& error) {
                                 const auto body = weak.lock();
                                 if (!error && body && body->life_ == life) body->dispatch(stream);
                               });
  }

  void dispatch(Stream stream) {
    const std::uint64_t life = life_;
    const auto more = connection_->dispatch(stream, *this);
    if (life_ != life) return;
    if (std::exchange(stopping_, false)) return let_it_stop();
    if (overflowed_) return lose(overflow());
    if (!more) return lose(more.error());
    flush();
    if (life_ != life) return;
    if (*more == CorosyncConnection::More::no) return watch(stream);
    asio::post(io_, [weak = weak_from_this(), life, stream] {
      const auto body = weak.lock();
      if (body && body->life_ == life) body->dispatch(stream);
    });
  }

  void on_stopping() override { stopping_ = true; }

  /// Leaves first, so that the others see a daemon go and not a host.
  void let_it_stop() {
    const std::shared_ptr<CorosyncConnection> last = std::move(connection_);
    last->leave();
    stop_.expires_after(stop_delay);
    stop_.async_wait([last](const auto& error) {
      if (!error) last->allow_stop();
    });
    lose({"Corosync was stopped on this node, whose guests run on; look whether it runs on this "
          "node with `systemctl status corosync` and start it with `systemctl start corosync`."},
         stop_delay + stop_pause);
  }

  void on_group(GroupChange change) override { assembler_->on_group(std::move(change)); }
  void on_ring(RingId ring) override { assembler_->on_ring(ring); }
  void on_quorum(QuorumNotice notice) override { assembler_->on_quorum(std::move(notice)); }
  void on_bytes(ProcessId from, std::string_view bytes) override {
    if (auto frame = decode(bytes)) assembler_->on_frame(from, std::move(*frame));
  }

  // ---- what the assembler wants ----

  void assembled_view(const EngineView& view) override {
    told_lost_ = false;
    listener_->on_view(view);
  }
  void assembled_message(NodeId from, const std::string& bytes) override {
    listener_->on_message(from, bytes);
  }
  void say(const Frame& frame) override {
    // Before the messages that wait: nobody gets those before the view is there.
    outgoing_.push_front({{}, encode(frame)});
    flush();
  }
  void wait_for_round(std::uint64_t round) override {
    round_.expires_after(std::chrono::milliseconds(greeting_wait_ms));
    round_.async_wait([weak = weak_from_this(), life = life_, round](const auto& error) {
      const auto body = weak.lock();
      if (!error && body && body->life_ == life) body->assembler_->waited(round);
    });
  }
  void assembly_overflowed() override { overflowed_ = true; }

  static Error overflow() {
    return Error{"Cannot follow the cluster: more than " + std::to_string(held_limit_events) +
                 " messages came before the membership was agreed; connecting to Corosync anew."};
  }

  // ---- sending ----

  void flush() {
    while (connection_ && !outgoing_.empty()) {
      const auto sent = connection_->send(outgoing_.front().head, outgoing_.front().body);
      // A dead connection is met again by the dispatch, from which it is safe to let it go.
      if (!sent || *sent == CorosyncConnection::Sent::later) return retry_send_later();
      outgoing_.pop_front();
    }
  }

  void retry_send_later() {
    retry_send_.expires_after(send_retry);
    retry_send_.async_wait([weak = weak_from_this(), life = life_](const auto& error) {
      const auto body = weak.lock();
      if (!error && body && body->life_ == life) body->flush();
    });
  }

  asio::io_context& io_;
  EngineListener* listener_ = nullptr;
  std::thread worker_;
  std::unique_ptr<CorosyncConnection> connection_;
  std::optional<ViewAssembler> assembler_;
  std::array<asio::posix::stream_descriptor, 4> waits_;
  asio::steady_timer reconnect_;
  asio::steady_timer retry_send_;
  asio::steady_timer round_;
  asio::steady_timer stop_;
  std::deque<Outgoing> outgoing_;
  std::uint64_t life_ = 0;  // of the connection: what an older one started does nothing any more
  bool told_lost_ = false;
  bool overflowed_ = false;
  bool stopping_ = false;  // somebody stops Corosync
};

CorosyncEngine::CorosyncEngine(asio::io_context& io) : body_(std::make_shared<Body>(io)) {}

CorosyncEngine::~CorosyncEngine() { body_->stop(); }

void CorosyncEngine::start(EngineListener& listener) { body_->start(listener); }

Result<void> CorosyncEngine::send(std::string bytes) { return body_->send(std::move(bytes)); }

Result<NodeId> CorosyncEngine::self() { return body_->self(); }

Result<std::vector<ConfiguredNode>> CorosyncEngine::configured_nodes() {
  return body_->configured_nodes();
}

Result<RingTiming> CorosyncEngine::ring_timing() { return body_->ring_timing(); }

}  // namespace upbeat
