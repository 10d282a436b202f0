// Makes local rows of the beats that move-ins read. A row in memory begins anywhere in its first beat, so beats
// are shifted into words of 16 bytes first; a word holds several local rows, one, or a part of one.
//
// Takes the descriptions of rows and their beats, both in order. Gives a local row a cycle at most; a new row of
// memory that begins within its first beat takes a cycle more than its words if a word is no more than a local
// row.

module row_assembler #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned W = 16,
  parameter int unsigned ROW_BITS = 14,
  parameter int unsigned COLUMN_BITS = 6,
  localparam int unsigned SIZE_BITS = $clog2(SIDE) + 1,
  localparam int unsigned WIDTH = SIDE * W
) (
  input  logic                   clock,
  input  logic                   reset,
  // Where words begin, of rows that are read.
  input  logic                   shift_valid,
  output logic                   shift_ready,
  input  logic [            3:0] shift_bytes,
  input  logic [            6:0] shift_length,    // bytes of the row
  input  logic                   beat_valid,
  output logic                   beat_ready,
  input  logic [          127:0] beat_data,
  // Where their local rows go, of all rows.
  input  logic                   row_valid,
  output logic                   row_ready,
  input  logic                   row_zeros,
  input  logic                   row_last,
  input  logic [   ROW_BITS-1:0] row_local,
  input  logic [COLUMN_BITS-1:0] row_columns,
  input  logic [  SIZE_BITS-1:0] row_copies,
  input  logic [   ROW_BITS-1:0] row_block_stride,
  // A local row; the description's other parts are still at row_*.
  output logic                   out_valid,
  input  logic                   out_ready,
  output logic [   ROW_BITS-1:0] out_row,
  output logic [  SIZE_BITS-1:0] out_columns,     // that are written, from the first on
  output logic                   out_last,        // of its command
  output logic [      WIDTH-1:0] out_data
);

  localparam int unsigned BEAT_ELEMENTS = 128 / W;
  localparam int unsigned SHIFT_BITS = $clog2(BEAT_ELEMENTS);
  localparam int unsigned BYTE_SHIFT = $clog2(W / 8);

  // ---- Words. Element e of word n is element e + shift of beats n and n + 1 together. Beats are rotated by the
  // shift; the elements that belong to the next word wait in `carry`.

  wire [SHIFT_BITS-1:0] shift = SHIFT_BITS'(shift_bytes >> BYTE_SHIFT);
  wire [6:0] beats_bytes = 7'(shift_bytes) + shift_length + 7'd15;
  wire [6:0] words_bytes = shift_length + 7'd15;
  wire [2:0] words = words_bytes[6:4];
  wire carries_last = beats_bytes[6:4] == words;  // the last word needs no beat of its own
  wire unused = &{1'b0, beats_bytes[3:0], words_bytes[3:0]};

  logic [127:0] rotated;
  logic [127:0] carry;
  logic [127:0] next_word;
  logic primed;
  logic [2:0] words_done;

  generate
    genvar e;
    for (e = 0; e < BEAT_ELEMENTS; e = e + 1) begin : gen_elements
      wire [SHIFT_BITS-1:0] from = SHIFT_BITS'(e) + shift;
      wire carried = shift != '0 && from >= shift;
      assign rotated[e*W+:W] = beat_data[from*W+:W];
      assign next_word[e*W+:W] = carried ? carry[e*W+:W] : rotated[e*W+:W];
    end
  endgenerate

  logic word_valid;
  logic word_ready;
  logic [127:0] word;

  wire aligned = shift == '0;
  wire last_word = words_done == words - 3'd1;
  wire needs_beat = aligned || !primed || !(last_word && carries_last);
  wire makes_word = aligned || primed;
  wire word_room = !word_valid || word_ready;
  wire works = shift_valid && (!needs_beat || beat_valid) && (!makes_word || word_room);
  wire made = works && makes_word;

  assign beat_ready = shift_valid && needs_beat && (!makes_word || word_room);
  assign shift_ready = made && last_word;

  always_ff @(posedge clock) begin
    if (works && needs_beat) begin
      carry <= rotated;
    end
    if (made) begin
      word <= next_word;
    end
  end

  always_ff @(posedge clock) begin
    if (reset) begin
      primed <= 1'b0;
      words_done <= '0;
      word_valid <= 1'b0;
    end else begin
      if (works) begin
        primed <= !(made && last_word);
        if (made) begin
          words_done <= last_word ? '0 : words_done + 1'b1;
        end
      end
      word_valid <= made || (word_valid && !word_ready);
    end
  end

  // ---- Local rows: block `block` of the row, repeated to `row_copies` local rows.

  localparam int unsigned SIDE_BITS = $clog2(SIDE);
  logic [COLUMN_BITS-1:0] done;  // columns
  logic [SIZE_BITS-1:0] copy;
  logic [ROW_BITS-1:0] block_offset;
  logic block_ready;  // all elements of the block are there
  logic [WIDTH-1:0] block_data;

  wire [COLUMN_BITS-1:0] left = row_columns - done;
  wire last_block = left <= COLUMN_BITS'(SIDE);
  wire last_copy = copy == row_copies - 1'b1;

  assign out_valid = row_valid && (row_zeros || block_ready);
  assign out_row = row_local + block_offset + ROW_BITS'(copy);
  assign out_columns = last_block ? SIZE_BITS'(left) : SIZE_BITS'(SIDE);
  assign out_last = row_last && last_block && last_copy;
  assign out_data = row_zeros ? '0 : block_data;

  wire sent = out_valid && out_ready;
  wire block_sent = sent && last_copy;
  wire row_sent = block_sent && last_block;
  assign row_ready = row_sent;

  always_ff @(posedge clock) begin
    if (reset) begin
      done <= '0;
      copy <= '0;
      block_offset <= '0;
    end else if (sent) begin
      copy <= last_copy ? '0 : copy + 1'b1;
      if (last_copy) begin
        done <= last_block ? '0 : done + COLUMN_BITS'(SIDE);
        block_offset <= last_block ? '0 : block_offset + row_block_stride;
      end
    end
  end

  wire consumes = block_sent && !row_zeros;

  generate
    if (WIDTH <= 128) begin : gen_parts
      // Blocks of a word.
      localparam int unsigned PARTS = 128 / WIDTH;
      localparam int unsigned PART_BITS = PARTS > 1 ? $clog2(PARTS) : 1;
      wire [PART_BITS-1:0] part = PARTS > 1 ? PART_BITS'(done >> SIDE_BITS) : '0;
      wire last_part = part == PART_BITS'(PARTS - 1);
      assign block_ready = word_valid;
      assign block_data = word[part*WIDTH+:WIDTH];
      assign word_ready = consumes && (last_part || last_block);
    end else begin : gen_gather
      // Words of a block; the last one is still in `word` when the block is complete.
      localparam int unsigned WORDS = WIDTH / 128;
      localparam int unsigned INDEX_BITS = $clog2(WORDS);
      logic [INDEX_BITS-1:0] held;
      logic [(WORDS-1)*128-1:0] earlier;
      wire [COLUMN_BITS-1:0] held_columns = (COLUMN_BITS'(held) + 1'b1) << SHIFT_BITS;
      wire complete = held == INDEX_BITS'(WORDS - 1) || held_columns >= left;
      wire gathers = word_valid && row_valid && !row_zeros && !complete;
      genvar i;
      for (i = 0; i < WORDS; i = i + 1) begin : gen_words
        if (i == WORDS - 1) begin : gen_last
          assign block_data[i*128+:128] = word;
        end else begin : gen_earlier
          assign block_data[i*128+:128] = held == INDEX_BITS'(i) ? word : earlier[i*128+:128];
          always_ff @(posedge clock) begin
            if (gathers && held == INDEX_BITS'(i)) begin
              earlier[i*128+:128] <= word;
            end
          end
        end
      end
      always_ff @(posedge clock) begin
        if (reset || consumes) begin
          held <= '0;
        end else if (gathers) begin
          held <= held + 1'b1;
        end
      end
      assign block_ready = word_valid && complete;
      assign word_ready = gathers || consumes;
    end
  endgenerate

endmodule
