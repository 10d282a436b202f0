// Sends rows to main memory as one to three transactions each, when all their beats are there, so that beats of one
// follow each other. Beats without useful bytes are sent with an empty mask. A transaction holds its id until memory
// has acknowledged it; acknowledgements come in any order.

module write_sender #(
  parameter int unsigned DMA_BYTES = 64,
  parameter int unsigned REQUESTS = 16,
  parameter int unsigned MASK_BITS = 8,    // elements of a beat
  parameter int unsigned COUNT_BITS = 5,
  localparam int unsigned ID_BITS = $clog2(REQUESTS),
  localparam int unsigned ADDRESS_BITS = gemmini_pkg::ADDRESS_BITS
) (
  input  logic                    clock,
  input  logic                    reset,
  input  logic                    row_valid,
  output logic                    row_ready,
  input  logic [ADDRESS_BITS-1:0] row_address,
  input  logic [             6:0] row_bytes,
  input  logic [  COUNT_BITS-1:0] beats,          // that wait
  output logic                    beat_taken,
  input  logic [           127:0] beat_data,
  input  logic [   MASK_BITS-1:0] beat_mask,
  output logic                    busy,           // a row is being sent
  output logic                    outstanding,    // or not acknowledged
  output logic                    write_valid,
  input  logic                    write_ready,
  output logic [ADDRESS_BITS-1:0] write_address,
  output logic [             1:0] write_size,
  output logic [     ID_BITS-1:0] write_id,
  output logic                    write_last,
  output logic [           127:0] write_data,
  output logic [            15:0] write_mask,
  input  logic                    ack_valid,
  input  logic [     ID_BITS-1:0] ack_id
);

  localparam int unsigned ELEMENT_BYTES = 16 / MASK_BITS;

  logic [ADDRESS_BITS-1:0] cursor;
  logic [6:0] left;
  logic [1:0] beat;
  logic [REQUESTS-1:0] taken_ids;
  logic [REQUESTS-1:0] own_id;  // one hot

  logic [6:0] useful;
  logic [5:0] offset;
  logic [1:0] first_beat, last_beat;
  packet #(
    .DMA_BYTES(DMA_BYTES)
  ) next_packet (
    .address   (cursor[5:0]),
    .left      (left),
    .size      (write_size),
    .useful    (useful),
    .offset    (offset),
    .first_beat(first_beat),
    .last_beat (last_beat)
  );

  wire [1:0] final_beat = write_size == 2'd0 ? 2'd0 : write_size == 2'd1 ? 2'd1 : 2'd3;
  wire [2:0] needed = 3'(last_beat) - 3'(first_beat) + 3'd1;
  wire begun = beat != 2'd0;
  wire useful_beat = beat >= first_beat && beat <= last_beat;

  // The first free id; it stays the same from when it is first shown to the transaction's end.
  logic shown;
  logic [ID_BITS-1:0] free_id;
  logic [ID_BITS-1:0] held_id;
  integer i;
  always_comb begin
    free_id = '0;
    for (i = REQUESTS - 1; i >= 0; i = i - 1) begin
      if (!taken_ids[i]) begin
        free_id = ID_BITS'(i);
      end
    end
  end

  assign write_valid = busy && (begun || (!(&taken_ids) && beats >= COUNT_BITS'(needed)));
  assign write_address = cursor - ADDRESS_BITS'(offset);
  assign write_id = begun || shown ? held_id : free_id;
  assign write_last = beat == final_beat;
  assign write_data = beat_data;
  generate
    genvar b;
    for (b = 0; b < 16; b = b + 1) begin : gen_mask
      assign write_mask[b] = useful_beat && beat_mask[b/ELEMENT_BYTES];
    end
    for (b = 0; b < REQUESTS; b = b + 1) begin : gen_own
      assign own_id[b] = write_id == ID_BITS'(b);
    end
  endgenerate

  wire sent = write_valid && write_ready;
  wire packet_sent = sent && write_last;
  wire row_sent = packet_sent && useful == left;
  assign beat_taken = sent && useful_beat;
  assign row_ready = !busy || row_sent;
  assign outstanding = busy || (|taken_ids);

  always_ff @(posedge clock) begin
    if (row_valid && row_ready) begin
      cursor <= row_address;
      left <= row_bytes;
    end else if (packet_sent) begin
      cursor <= cursor + ADDRESS_BITS'(useful);
      left <= left - useful;
    end
    held_id <= write_id;
  end

  wire [REQUESTS-1:0] acknowledged = ack_valid ? REQUESTS'(1) << ack_id : '0;
  always_ff @(posedge clock) begin
    if (reset) begin
      busy <= 1'b0;
      beat <= '0;
      shown <= 1'b0;
      taken_ids <= '0;
    end else begin
      shown <= write_valid && !write_ready;
      busy <= (row_valid && row_ready) || (busy && !row_sent);
      if (sent) begin
        beat <= write_last ? '0 : beat + 1'b1;
      end
      taken_ids <= (taken_ids & ~acknowledged) | (packet_sent ? own_id : '0);
    end
  end

endmodule
