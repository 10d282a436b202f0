execute_process(COMMAND ${CONFORMANCE} words ${FOLDER}/isa_words.bin COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${OBJDUMP} -D -z -b binary -m riscv:rv64 -M numeric,no-aliases ${FOLDER}/isa_words.bin
                OUTPUT_FILE ${FOLDER}/isa_words.txt COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CONFORMANCE} disassembly ${FOLDER}/isa_words.txt COMMAND_ERROR_IS_FATAL ANY)
