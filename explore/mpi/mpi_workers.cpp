#include "explore/mpi/mpi_workers.hpp"

#include <mpi.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

namespace partita::explore {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long a rank sleeps between two looks: far below a task's seconds, far above what a look costs.
constexpr milliseconds look_interval{5};

constexpr int coordinator = 0;
enum Tag : int {
    tag_workers,  // to a rank: how many workers it has
    tag_task,     // to a rank: id, input and arguments as JSON
    tag_ended,    // to the coordinator: id, whether well, text
    tag_stop,     // to a rank
};

struct Message {
    int rank = 0;
    int tag = 0;
    std::string bytes;
};

// Messages on their way. Nobody waits for the other side to take one: two ranks that send to each other would
// wait for ever.
class Outbox {
  public:
    void send(int rank, Tag tag, std::string bytes) {
        Letter& letter = letters_.emplace_back();
        letter.bytes = std::move(bytes);
        MPI_Isend(letter.bytes.data(), static_cast<int>(letter.bytes.size()), MPI_CHAR, rank, tag,
                  MPI_COMM_WORLD, &letter.request);
        // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): sent() ends the request, by MPI_Test
    }
    // Drops what has been taken; true if nothing is left.
    bool sent() {
        letters_.remove_if([](Letter& letter) {
            int taken = 0;
            MPI_Test(&letter.request, &taken, MPI_STATUS_IGNORE);
            return taken != 0;
        });
        return letters_.empty();
    }

  private:
    struct Letter {
        std::string bytes;
        MPI_Request request = MPI_REQUEST_NULL;
    };
    std::list<Letter> letters_;  // which stay where they are
};

std::optional<Message> receive_one() {
    int there = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &status);
    if (there == 0) {
        return std::nullopt;
    }
    int size = 0;
    MPI_Get_count(&status, MPI_CHAR, &size);
    Message message{status.MPI_SOURCE, status.MPI_TAG, std::string(static_cast<std::size_t>(size), '\0')};
    MPI_Recv(message.bytes.data(), size, MPI_CHAR, message.rank, message.tag, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    return message;
}

// Ranks are the same program, so numbers need no common byte order.
std::string with_number(std::uint64_t number, const std::string& text) {
    std::string bytes(sizeof number, '\0');
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes + text;
}

std::uint64_t take_number(std::string& bytes) {
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    bytes.erase(0, sizeof number);
    return number;
}

}  // namespace

struct MpiSession::Messages {
    Outbox outbox;
};

MpiSession::MpiSession(int& argc, char**& argv) : messages_(std::make_unique<Messages>()) {
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks_);
}

MpiSession::~MpiSession() {
    if (rank_ == coordinator) {
        for (int rank = 1; rank < ranks_; ++rank) {
            messages_->outbox.send(rank, tag_stop, "");
        }
    }
    while (!messages_->outbox.sent()) {
        // What a rank has still to say is of no use any more, but it must be taken.
        receive_one();
        std::this_thread::sleep_for(look_interval);
    }
    MPI_Finalize();
}

MpiWorkers::MpiWorkers(MpiSession& session, std::vector<std::string> command, std::size_t each)
    : messages_(*session.messages_),
      own_(std::move(command), each),
      vacant_(static_cast<std::size_t>(session.ranks()), each) {
    for (int rank = 1; rank < session.ranks(); ++rank) {
        messages_.outbox.send(rank, tag_workers, with_number(each, ""));
    }
}

std::size_t MpiWorkers::vacant() const {
    std::size_t sum = own_.vacant();
    for (std::size_t rank = 1; rank < vacant_.size(); ++rank) {
        sum += vacant_[rank];
    }
    return sum;
}

void MpiWorkers::start(Task task) {
    // The rank with the most room: with several workers a rank, tasks spread over the machines first.
    vacant_[coordinator] = own_.vacant();
    const auto most = std::ranges::max_element(vacant_);
    if (most == vacant_.begin()) {
        own_.start(std::move(task));
        return;
    }
    --*most;
    messages_.outbox.send(static_cast<int>(most - vacant_.begin()), tag_task,
                          with_number(task.id, nlohmann::json{task.input, task.arguments}.dump()));
}

void MpiWorkers::receive(std::vector<Ended>& ended) {
    while (auto message = receive_one()) {
        const std::uint64_t id = take_number(message->bytes);
        const bool well = take_number(message->bytes) != 0;
        ++vacant_[static_cast<std::size_t>(message->rank)];
        ended.push_back({id, well, std::move(message->bytes)});
    }
}

std::vector<Ended> MpiWorkers::wait(milliseconds longest) {
    const auto until = steady_clock::now() + longest;
    std::vector<Ended> ended;
    while (ended.empty() && steady_clock::now() < until) {
        ended = own_.wait(look_interval);
        receive(ended);
        messages_.outbox.sent();
    }
    return ended;
}

void MpiSession::serve(const std::vector<std::string>& command) {
    std::optional<ProcessWorkers> workers;
    for (;;) {
        while (auto message = receive_one()) {
            if (message->tag == tag_stop) {
                workers.reset();
                return;
            }
            const std::uint64_t number = take_number(message->bytes);
            if (message->tag == tag_workers) {
                workers.emplace(command, number);
            } else {
                const auto task = nlohmann::json::parse(message->bytes);
                workers->start({number, task[0], task[1]});
            }
        }
        if (!workers) {
            std::this_thread::sleep_for(look_interval);
            continue;
        }
        for (const Ended& ended : workers->wait(look_interval)) {
            messages_->outbox.send(coordinator, tag_ended,
                                   with_number(ended.id, with_number(ended.well ? 1 : 0, ended.text)));
        }
        messages_->outbox.sent();
    }
}

}  // namespace partita::explore
