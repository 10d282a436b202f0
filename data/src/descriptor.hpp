#pragma once

#include <unistd.h>

namespace partita::data {

/// A file descriptor that closes itself.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    int number() const { return number_; }
    bool is_open() const { return number_ >= 0; }
    /// Closes now; false if the system reports that data were lost.
    bool close() {
        const int result = ::close(number_);
        number_ = -1;
        return result == 0;
    }

  private:
    int number_;
};

}  // namespace partita::data
