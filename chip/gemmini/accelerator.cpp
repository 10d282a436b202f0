#include "chip/gemmini/accelerator.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace partita::chip::gemmini {

Accelerator::Accelerator(const Config& config, memory::FlatMemory& memory, memory::MemorySystem& system)
    : geometry_(config),
      memory_(&memory),
      function_(config, memory),
      system_(&system),
      router_(config.router_queue),
      raw_(config.raw_queue),
      convolution_(config.convolution_queue),
      loop_(config.loop_queue),
      unrolled_(config.unrolled_queue),
      unroller_(config, geometry_),
      station_(config, geometry_),
      banks_(config, geometry_),
      port_(config),
      load_(config, geometry_),
      store_(config, geometry_),
      execute_(config, geometry_, station_),
      rows_(load_.most_rows(), store_.most_rows()),
      counters_(config.counters) {
    function_.hand_rows_to(rows_);
}

// RoCC's busy line in the cycle to come (Controller.scala's io.busy, LazyRoCC.scala's router).
bool Accelerator::is_busy() const {
    return station_.busy() || unroller_.active() || store_.draining() || load_.reader().busy() ||
           !unrolled_.empty() || !loop_.empty() || !convolution_.empty() || !raw_.empty() || !router_.empty();
}

std::optional<Cycle> Accelerator::ready_since() const {
    return router_.full() ? std::nullopt : std::optional(ready_since_);
}

std::optional<Cycle> Accelerator::idle_since() const {
    return busy_ ? std::nullopt : std::optional(idle_since_);
}

Cycle Accelerator::next_event() {
    return std::min({port_.next(), load_.next(), store_.next(), execute_.next()});
}

void Accelerator::run(Cycle until) {
    if (!busy_) {
        now_ = std::max(now_, until);
        return;
    }
    while (now_ < until) {
        const bool moved = step();
        ++now_;
        ++busy_cycles_;
        if (!is_busy()) {
            busy_ = false;
            idle_since_ = now_;
            return;
        }
        if (!moved && skips_) {
            const Cycle next = next_event();
            stuck_ = next == never;
            const Cycle to = std::min(next, until);
            if (to > now_) {
                count(to - now_);
                busy_cycles_ += to - now_;
                now_ = to;
            }
            if (stuck_) {
                return;
            }
        }
        if (got_room_ || probed_) {
            got_room_ = probed_ = false;
            return;
        }
    }
}

std::uint64_t Accelerator::issue(const RoccCommand& command, Cycle at, Cycle& result_at) {
    const Command decoded = decode(command, function_.config(), geometry_);
    while (now_ < at) {
        run(at);
    }
    stuck_ = false;
    got_room_ = false;
    busy_ = true;
    front_quiet_ = false;
    router_.push({decoded, now_, false});
    if (router_.full()) {
        ready_since_ = never;
    }
    result_at = at;
    if (!command.returns) {
        return 0;
    }
    counter_result_.reset();
    while (!counter_result_ && !stuck_) {
        run(now_ + 1);
    }
    result_at = now_;
    return counter_result_.value_or(0);
}

void Accelerator::look(Cycle now) {
    Allowed& allowed = allowed_;
    allowed.issue_load = allowed.issue_store = allowed.issue_execute = allowed.allocate = false;
    if (station_.any_ready()) {
        allowed.issue_load = station_.ready(Queue::load) && load_.room();
        allowed.issue_store = station_.ready(Queue::store) && store_.room();
        allowed.issue_execute = station_.ready(Queue::execute) && execute_.room();
    }
    allowed.unrolled_room = !unrolled_.full();
    allowed.loop_active = unroller_.active();
    allowed.loop_taken = unroller_.takes();
    if (!unrolled_.empty()) {
        const Queue queue = queue_of(unrolled_.front().command.kind);
        allowed.allocate = queue == Queue::front_end || !station_.full(queue);
    }
    // One completion a cycle.
    allowed.completing = Queue::front_end;
    allowed.entry = execute_.completion(now);
    if (allowed.entry != ExecuteController::no_entry) {
        allowed.completing = Queue::execute;
    } else if (load_.tracker().any_done()) {
        allowed.completing = Queue::load;
        allowed.place = load_.tracker().first_done();
        allowed.entry = load_.tracker().entry(allowed.place);
    } else if (store_.tracker().any_done()) {
        allowed.completing = Queue::store;
        allowed.place = store_.tracker().first_done();
        allowed.entry = store_.tracker().entry(allowed.place);
    }
}

// One cycle: first what writes, then what reads, then what asks; each unit before the one that feeds it, so
// that what is handed on is seen in the next cycle. True if anything changed.
bool Accelerator::step() {
    const Cycle now = now_;
    banks_.begin_cycle(now);
    look(now);
    const Allowed& allowed = allowed_;
    bool moved = allowed.completing != Queue::front_end;
    moved |= execute_.write(now, banks_);
    moved |= load_.write(now, banks_);
    moved |= execute_.step(now, banks_);
    moved |= store_.step(now, banks_, port_);
    moved |= load_.step(now, port_, banks_);
    if (port_.due(now)) {
        moved |= request();
    }
    moved |= store_.retire(now);
    if (observer_ != nullptr) {
        report_moves();
    }
    if (allowed.issue_load || allowed.issue_store || allowed.issue_execute) {
        moved |= issue_commands();
    }
    if (allowed.completing != Queue::front_end) {
        complete();
    }
    bool front_moved = allowed.allocate;
    if (allowed.allocate) {
        allocate();
    }
    if (allowed.loop_active && unroller_.restless(allowed.unrolled_room)) {
        front_moved |= unroll(allowed.unrolled_room);
    }
    if (!front_quiet_) {
        front_moved |= pass_commands();
    }
    front_quiet_ = !front_moved;
    moved |= front_moved;
    if (counting_) {
        count(1);
    }
    return moved;
}

bool Accelerator::request() {
    const MemoryRequest request = port_.take();
    memory::Response response;
    if (request.write) {
        // Cores that lose the line go on until the probe arrives, with what the line still holds.
        response = system_->dma_write(request.address, request.bytes, request.at);
        rows_.write(request.address, request.bytes, *memory_);
        store_.respond(response);
    } else {
        // Until the probe arrives, the core that owns the line goes on writing it.
        response = system_->dma_read(request.address, request.bytes, request.at);
        rows_.read(request.address, request.bytes, *memory_, function_);
        load_.respond(request.id, response);
    }
    probed_ |= response.probed;
    return true;
}

// A command does its work when it leaves the station: all that it depends on has been done by then. Only what
// moves have to do with memory happens with their transactions.
bool Accelerator::issue_commands() {
    if (allowed_.issue_load) {
        const Command& command = station_.next(Queue::load);
        function_.execute(command);
        load_.push(command, station_.issue(Queue::load));
    }
    if (allowed_.issue_execute) {
        function_.execute(station_.next(Queue::execute));
        execute_.push(station_.issue(Queue::execute));
    }
    if (allowed_.issue_store) {
        const Command& command = station_.next(Queue::store);
        function_.execute(command);
        store_.push(command, station_.issue(Queue::store));
    }
    return allowed_.issue_load || allowed_.issue_execute || allowed_.issue_store;
}

void Accelerator::complete() {
    if (allowed_.completing == Queue::load) {
        load_.free(allowed_.place);
    } else if (allowed_.completing == Queue::store) {
        store_.free(allowed_.place);
    }
    if (station_.from_loop(allowed_.completing, allowed_.entry)) {
        unroller_.completed(allowed_.completing);
    }
    station_.complete(allowed_.completing, allowed_.entry);
}

// From the unrolled queue to the station.
void Accelerator::allocate() {
    const Queued& head = unrolled_.front();
    if (queue_of(head.command.kind) == Queue::front_end) {
        front_end_command(head.command);
    } else {
        station_.allocate(head.command, head.from_loop);
    }
    unrolled_.pop();
}

void Accelerator::front_end_command(const Command& command) {
    if (command.kind == Kind::counter) {
        counting_ = true;
        counters_.set(External::reservation_load, station_.count(Queue::load));
        counters_.set(External::reservation_store, station_.count(Queue::store));
        counters_.set(External::reservation_execute, station_.count(Queue::execute));
        counters_.add(External::bytes_read,
                      static_cast<std::uint32_t>(load_.reader().read_bytes() - counted_read_));
        counters_.add(External::bytes_written,
                      static_cast<std::uint32_t>(store_.writer().written_bytes() - counted_written_));
        counted_read_ = load_.reader().read_bytes();
        counted_written_ = store_.writer().written_bytes();
        counter_result_ = counters_.execute(std::get<CounterOperation>(command.operands));
    } else {
        function_.execute(command);
    }
}

bool Accelerator::unroll(bool room) {
    Queued made;
    bool moved = false;
    if (unroller_.step(room, made.command, moved)) {
        made.from_loop = true;
        unrolled_.push(made);
    }
    return moved;
}

// The queues in front of the station, from the last to the first. A queue takes a command only if it had room
// at the beginning of the cycle.
bool Accelerator::pass_commands() {
    if (router_.empty() && raw_.empty() && convolution_.empty() && loop_.empty()) {
        return false;
    }
    bool moved = false;
    const bool loop_room = !loop_.full();
    const bool convolution_room = !convolution_.full();
    const bool raw_room = !raw_.full();
    if (!loop_.empty()) {
        const Command& head = loop_.front().command;
        if (is_loop(head.kind)) {
            if (allowed_.loop_taken) {
                unroller_.take(head);
                loop_.pop();
                moved = true;
            }
        } else if (!allowed_.loop_active && allowed_.unrolled_room) {
            unrolled_.push(loop_.front());
            loop_.pop();
            moved = true;
        }
    }
    const auto pass = [&moved](Ring<Queued>& from, Ring<Queued>& to, bool room) {
        if (room && !from.empty()) {
            to.push(from.front());
            from.pop();
            moved = true;
        }
    };
    pass(convolution_, loop_, loop_room);
    pass(raw_, convolution_, convolution_room);
    if (router_.empty()) {
        return moved;
    }
    if (router_.front().since == now_) {
        return true;  // it is seen in the next cycle
    }
    if (router_.full() && raw_room) {
        ready_since_ = now_ + 1;
        got_room_ = true;
    }
    pass(router_, raw_, raw_room);
    return moved;
}

void Accelerator::report_moves() {
    if (allowed_.completing == Queue::load || allowed_.completing == Queue::store) {
        const bool load = allowed_.completing == Queue::load;
        const CommandTracker& tracker = load ? load_.tracker() : store_.tracker();
        const Kind kind = station_.command(allowed_.completing, allowed_.entry).kind;
        observer_->command(load ? "load" : "store", name(kind).data(), tracker.begun(allowed_.place), now_);
    }
    if (const ExecuteController::Fed* fed = execute_.fed()) {
        observer_->command("execute", name(fed->kind).data(), fed->first, fed->last);
    }
}

// Adds `cycles` cycles like the last one to the counters' events.
void Accelerator::count(std::uint64_t cycles) {
    if (!counting_) {
        return;
    }
    const auto add = [&](Event event, bool happens) {
        if (happens) {
            counters_.add(event, cycles);
        }
    };
    const unsigned busy = static_cast<unsigned>(load_.busy()) | static_cast<unsigned>(store_.busy()) << 1 |
                          static_cast<unsigned>(execute_.busy()) << 2;
    constexpr Event which[] = {Event::none,          Event::load_only,         Event::store_only,
                               Event::load_store,    Event::execute_only,      Event::load_execute,
                               Event::store_execute, Event::load_store_execute};
    add(which[busy], busy != 0);
    add(Event::load_dma_wait, load_.waiting_for_dma());
    add(Event::load_active, load_.sending());
    add(Event::load_scratchpad_wait, load_.refused());
    add(Event::store_dma_wait, store_.waiting_for_dispatch());
    add(Event::store_active, store_.sending());
    add(Event::store_scratchpad_wait, store_.refused());
    add(Event::reader_active, load_.reader().requesting());
    add(Event::writer_active, store_.writer().writing());
    add(Event::execute_active, execute_.feeding());
    add(Event::execute_flush, execute_.flushing());
    add(Event::scratchpad_a_wait, execute_.waits().a);
    add(Event::scratchpad_b_wait, execute_.waits().b);
    add(Event::scratchpad_d_wait, execute_.waits().d);
    add(Event::reservation_full,
        station_.full(Queue::load) && station_.full(Queue::store) && station_.full(Queue::execute));
    add(Event::reservation_active, !station_.empty());
    add(Event::loop_active, unroller_.active() || !loop_.empty());
    add(Event::transpose_unroller_active, execute_.unrolling());
    counters_.add(External::read_latency, static_cast<std::uint32_t>(cycles * load_.reader().outstanding()));
    counters_.add(External::write_latency,
                  static_cast<std::uint32_t>(cycles * store_.writer().outstanding()));
}

Statistics Accelerator::statistics() const {
    return {busy_cycles_,
            execute_.array_cycles(),
            execute_.multiply_adds(),
            load_.reader().read_bytes(),
            store_.writer().written_bytes(),
            execute_.conflict_cycles()};
}

std::string Accelerator::state() const {
    if (!busy_) {
        return fmt::format("idle since cycle {}", idle_since_);
    }
    std::string text = fmt::format("busy at cycle {}{}", now_, stuck_ ? ", waits for a command" : "");
    const auto queue = [&text](const char* name, const Ring<Queued>& commands) {
        if (!commands.empty()) {
            text += fmt::format("\n    {} queue: {}", name, describe(commands.front().command));
            for (std::size_t place = 1; place < commands.size(); ++place) {
                text += fmt::format(", {}", describe(commands[place].command));
            }
        }
    };
    text += fmt::format("\n    reservation station: {}", station_.state());
    text += fmt::format("\n    load: {}\n    store: {}\n    execute: {}", load_.state(), store_.state(),
                        execute_.state());
    if (unroller_.active()) {
        text += fmt::format("\n    unroller: {}", unroller_.state());
    }
    queue("unrolled", unrolled_);
    queue("loop", loop_);
    queue("convolution", convolution_);
    queue("raw", raw_);
    queue("router", router_);
    return text;
}

}  // namespace partita::chip::gemmini
